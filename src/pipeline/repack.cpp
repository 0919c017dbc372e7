#include "pipeline/repack.h"

#include <utility>

#include "base/error.h"

namespace adze::pipeline {
namespace {

model::Tensor repacked(const model::Tensor& tensor, const TensorPlan& plan, const quantize::PackingOptions& packing,
                       const MeasureOptions& options, std::shared_ptr<Differences> differences) {
  return with_context(fmt::format("{}: tensor '{}'", tensor.source->where(), tensor.name), [&] {
    const auto& codec = codecs::codec_of(plan.storage);
    quantize::PackingOptions own = packing;
    own.statistics = plan.statistics;
    const auto packed = quantize::packed_tensor(tensor, codec, own);
    return measured_tensor(tensor, packed, std::move(differences), options);
  });
}

}  // namespace

Repacking::Repacking(const model::TensorList& tensors, const std::vector<TensorPlan>& plans,
                     const quantize::PackingOptions& packing, const MeasureOptions& options) {
  size_t index = 0;
  for (const auto& tensor : tensors) {
    const auto& plan = plans.at(index++);
    const bool is_copy = plan.storage == tensor.storage;
    differences_.push_back(is_copy ? nullptr : std::make_shared<Differences>());
    tensors_.add(is_copy ? tensor : repacked(tensor, plan, packing, options, differences_.back()));
    planned_.push_back({.name = tensor.name,
                        .shape = tensor.shape,
                        .from = tensor.storage,
                        .to = plan.storage,
                        .bytes = checked_tensor_bytes(*plan.storage, tensor.shape, tensor.name),
                        .reason = plan.reason});
  }
}

std::vector<TensorOutcome> Repacking::outcomes() const {
  auto outcomes = planned_;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (differences_[i]) describe_differences(*differences_[i], outcomes[i]);
  }
  return outcomes;
}

void require_rows(const model::Model& model) {
  for (const auto& tensor : model.tensors) {
    if (tensor.source->has_rows()) continue;
    fail(ErrorCode::unsupported,
         "{}: prepared for running: '{}' is only there as kernels read it; start from the model that it was made from",
         model.source, tensor.name);
  }
}

const formats::Format& target_format(const std::string& name, const std::string& path) {
  std::string chosen = name;
  if (chosen.empty()) chosen = path.ends_with(".gguf") ? "gguf" : path.ends_with(".safetensors") ? "safetensors" : "hf";
  const auto& format = formats::format_named(chosen);
  if (!format.write) fail(ErrorCode::unsupported, "{} can be read, but not written", format.name);
  return format;
}

}  // namespace adze::pipeline
