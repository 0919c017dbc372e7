#include "pipeline/product_noise.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "calibrate/calibrate.h"
#include "calibrate/collector.h"
#include "model/activation_statistics.h"
#include "pipeline/transform_model.h"
#include "quantize/storage_error.h"
#include "runtime/session.h"

namespace adze::pipeline {
namespace {

constexpr int64_t kRows = 64;

MeanSquares mean_square_inputs(const model::Model& model, std::span<const int32_t> chunk, unsigned threads) {
  const auto loaded = std::make_shared<runtime::LoadedModel>(
      model, passes::ActivationPolicy::f32, runtime::WeightMemory::mapped, calibrate::observable_passes());
  runtime::Session session(loaded,
                           {.threads = threads, .context_tokens = static_cast<int64_t>(chunk.size()), .logit_rows = 1});
  const auto inputs = calibrate::find_observed_inputs(loaded->graph(), true);
  calibrate::Collector collector(inputs, {.sums = true, .hessians = {}});
  session.observe(&collector);
  session.feed(session.add_sequence(), chunk);
  session.observe(nullptr);
  return mean_squares_of(inputs, collector);
}

}  // namespace

MeanSquares mean_squares_of(std::span<const calibrate::ObservedInput> inputs, calibrate::Collector& collector) {
  MeanSquares squares;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto mean = model::mean_squares(collector.sums()[i].statistics(inputs[i].name()));
    for (const std::string& weight : inputs[i].weights) squares[weight] = mean;
  }
  return squares;
}

std::map<std::string, double> product_signal_to_noise(const model::Model& original, const model::Model& stored,
                                                      std::span<const int32_t> tokens,
                                                      const evaluate::TextOptions& text, unsigned threads) {
  const auto size = std::min(tokens.size(), static_cast<size_t>(text.context));
  std::vector<int32_t> chunk(tokens.begin(), tokens.begin() + static_cast<std::ptrdiff_t>(size));
  if (text.first_token >= 0 && !chunk.empty()) chunk.front() = text.first_token;
  return product_signal_to_noise(original, stored, mean_square_inputs(original, chunk, threads));
}

std::map<std::string, double> product_signal_to_noise(const model::Model& original, const model::Model& stored,
                                                      const MeanSquares& inputs) {
  // Weights of transformed models stand for the same only as a whole.
  if (original.other.find_string(kTransformsKey) != stored.other.find_string(kTransformsKey)) return {};
  std::map<std::string, double> ratios;
  for (const auto& [name, squares] : inputs) {
    const model::Tensor* before = original.tensors.find(name);
    const model::Tensor* after = stored.tensors.find(name);
    if (!before || !after || !(before->shape == after->shape)) continue;
    const quantize::InputStatistics statistics{.importance = squares};
    const double noise = quantize::storage_error(*before, *after, &statistics, kRows);
    if (noise > 0) ratios[name] = -10 * std::log10(noise);
  }
  return ratios;
}

}  // namespace adze::pipeline
