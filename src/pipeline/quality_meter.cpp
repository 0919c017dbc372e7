#include "pipeline/quality_meter.h"

#include <algorithm>
#include <utility>

#include "pipeline/rounded_tensor.h"
#include "pipeline/text_of_model.h"

namespace adze::pipeline {
namespace {

model::Model with_types(const model::Model& model, const std::vector<StorageType>& types, const ModelPacking& packing) {
  model::Model changed = model;
  changed.tensors = {};
  size_t index = 0;
  for (const model::Tensor& tensor : model.tensors) {
    const StorageType type = types.at(index);
    const auto own = packing.of_tensor(index++);
    changed.tensors.add(type == tensor.storage ? tensor : rounded_tensor(tensor, codecs::codec_of(type), own));
  }
  return changed;
}

}  // namespace

QualityMeter::QualityMeter(const model::Model& model, std::vector<int32_t> tokens, const QualityMeterOptions& options)
    : model_(model), tokens_(std::move(tokens)), options_(options) {}

QualityMeter::~QualityMeter() = default;

std::unique_ptr<runtime::Session> QualityMeter::open(model::Model model) const {
  const int64_t batch = std::min(kBatchTokens, options_.text.context);
  auto loaded = std::make_shared<runtime::LoadedModel>(std::move(model), passes::ActivationPolicy::f32);
  return std::make_unique<runtime::Session>(std::move(loaded),
                                            runtime::SessionOptions{.threads = options_.threads,
                                                                    .context_tokens = options_.text.context,
                                                                    .batch_tokens = batch,
                                                                    .logit_rows = batch});
}

evaluate::DivergenceResult QualityMeter::measure(const std::vector<StorageType>& types, const ModelPacking& packing,
                                                 Progress& progress) {
  if (!reference_) {
    const auto session = open(model_);
    reference_ = std::make_unique<const evaluate::KeptLogits>(*session, tokens_, options_.text, progress);
  }
  const auto candidate = open(with_types(model_, types, packing));
  return reference_->compare(*candidate, progress);
}

}  // namespace adze::pipeline
