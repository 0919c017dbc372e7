#include "pipeline/sensitivity.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/thread_pool.h"
#include "quantize/mix.h"
#include "quantize/storage_error.h"

namespace adze::pipeline {
namespace {

// Noise-to-signal ratio at which groups are probed: large against what the measure resolves, small enough for errors to
// add up. About that of three bits.
constexpr double kProbeNoise = 0.01;

constexpr std::string_view kCategoryNames[] = {
    "token_embedding",  "output", "attention_q", "attention_k", "attention_v",
    "attention_output", "ffn_up", "ffn_gate",    "ffn_down",    "other"};

std::string group_name(std::string_view tensor, int64_t layers) {
  const auto category = std::string(kCategoryNames[static_cast<size_t>(quantize::category_of(tensor))]);
  int64_t layer = 0;
  if (!tensor.starts_with("blk.") ||
      std::from_chars(tensor.data() + 4, tensor.data() + tensor.size(), layer).ec != std::errc()) {
    return category;
  }
  const char* depth = layer < layers / 4 ? "early" : layer < layers - layers / 4 ? "middle" : "late";
  return fmt::format("{}, {} layers", category, depth);
}

std::vector<const model::Tensor*> tensors_of(const model::Model& model) {
  std::vector<const model::Tensor*> tensors;
  for (const model::Tensor& tensor : model.tensors) tensors.push_back(&tensor);
  return tensors;
}

TensorOptions options_of(const model::Tensor& tensor, size_t index, const SensitivityRequest& request) {
  TensorOptions options{.tensor = index, .types = {}, .noise = {}, .predicted = {}};
  for (const codecs::Codec* codec : request.candidates) {
    if (tensor.shape.row_length() % codec->info.block_elements != 0) continue;
    if (!request.packing.options.quantizer->supports(*codec)) continue;
    options.types.push_back(&codec->info);
  }
  if (options.types.empty()) {
    fail(ErrorCode::bad_input,
         "tensor '{}': rows of {} numbers divide into the blocks of none of the types to choose from", tensor.name,
         tensor.shape.row_length());
  }
  options.noise.resize(options.types.size());
  return options;
}

// Quantizers that trade errors of columns against each other make larger ones that do less harm; what they cannot undo
// is the noise of the plain search.
quantize::PackingOptions noise_packing(const ModelPacking& packing, size_t tensor) {
  quantize::PackingOptions own{.quantizer = packing.statistics.empty() ? &quantize::nearest : &quantize::importance};
  own.statistics = packing.of_tensor(tensor).statistics;
  return own;
}

void measure_noise(const model::Model& model, const SensitivityRequest& request, Sensitivity& sensitivity,
                   Progress& progress) {
  const auto tensors = tensors_of(model);
  ThreadPool pool(request.threads);
  std::mutex mutex;
  uint64_t done = 0;
  pool.for_each(sensitivity.tensors.size(), [&](size_t i) {
    TensorOptions& options = sensitivity.tensors[i];
    const auto packing = noise_packing(request.packing, options.tensor);
    for (size_t t = 0; t < options.types.size(); ++t) {
      options.noise[t] = quantize::storage_error(*tensors[options.tensor], codecs::codec_of(options.types[t]), packing);
    }
    const std::lock_guard lock(mutex);
    throw_if_cancelled(progress);
    progress.update("noise of types", ++done, sensitivity.tensors.size());
  });
}

size_t probing_option(const TensorOptions& options) {
  const auto distance = [&](size_t t) { return std::fabs(std::log(std::max(options.noise[t], 1e-12) / kProbeNoise)); };
  size_t best = 0;
  for (size_t t = 1; t < options.types.size(); ++t) {
    if (distance(t) < distance(best)) best = t;
  }
  return best;
}

void group_tensors(const model::Model& model, Sensitivity& sensitivity) {
  const int64_t layers = quantize::mix_request(model).layer_count;
  const auto tensors = tensors_of(model);
  std::map<std::string, size_t> groups;
  for (size_t i = 0; i < sensitivity.tensors.size(); ++i) {
    const std::string name = group_name(tensors[sensitivity.tensors[i].tensor]->name, layers);
    const auto [group, is_new] = groups.emplace(name, sensitivity.groups.size());
    if (is_new) sensitivity.groups.push_back({.name = name, .tensors = {}});
    sensitivity.groups[group->second].tensors.push_back(i);
  }
}

void measure_group(TensorGroup& group, const std::vector<StorageType>& original, QualityMeter& meter,
                   const SensitivityRequest& request, Sensitivity& sensitivity) {
  std::vector<StorageType> types = original;
  double noise = 0;
  for (const size_t i : group.tensors) {
    const TensorOptions& options = sensitivity.tensors[i];
    const size_t probe = probing_option(options);
    types[options.tensor] = options.types[probe];
    noise += options.noise[probe];
  }
  const auto known = request.recall ? request.recall(group.name) : std::nullopt;
  group.divergence = known ? *known : meter.measure(types, request.packing).mean_divergence();
  if (!known && request.remember) request.remember(group.name, group.divergence);
  group.per_noise = noise > 0 ? group.divergence / noise : 0;
}

void predict(const TensorGroup& group, const model::Model& model, Sensitivity& sensitivity) {
  const auto tensors = tensors_of(model);
  for (const size_t i : group.tensors) {
    TensorOptions& options = sensitivity.tensors[i];
    for (size_t t = 0; t < options.types.size(); ++t) {
      const Shape& shape = tensors[options.tensor]->shape;
      options.predicted.push_back(
          {row_bytes(*options.types[t], shape.row_length()) * shape.row_count(), group.per_noise * options.noise[t]});
    }
  }
}

}  // namespace

Sensitivity measure_sensitivity(const model::Model& model, QualityMeter& meter, const SensitivityRequest& request,
                                Progress& progress) {
  Sensitivity sensitivity;
  std::vector<StorageType> original;
  for (const model::Tensor& tensor : model.tensors) {
    original.push_back(tensor.storage);
    if (quantize::reason_to_keep(tensor.name, tensor.shape, model.architecture).empty()) {
      sensitivity.tensors.push_back(options_of(tensor, original.size() - 1, request));
    } else {
      sensitivity.fixed_bytes += tensor.byte_size();
    }
  }
  measure_noise(model, request, sensitivity, progress);
  group_tensors(model, sensitivity);
  for (size_t g = 0; g < sensitivity.groups.size(); ++g) {
    throw_if_cancelled(progress);
    progress.update("sensitivity", g, sensitivity.groups.size());
    measure_group(sensitivity.groups[g], original, meter, request, sensitivity);
    predict(sensitivity.groups[g], model, sensitivity);
  }
  progress.update("sensitivity", sensitivity.groups.size(), sensitivity.groups.size());
  return sensitivity;
}

}  // namespace adze::pipeline
