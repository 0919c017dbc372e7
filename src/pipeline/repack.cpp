#include "pipeline/repack.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/error.h"

namespace adze::pipeline {
namespace {

std::string place_of(const model::Tensor& tensor) {
  return fmt::format("{}: tensor '{}'", tensor.source->where(), tensor.name);
}

model::Tensor repacked(const model::Tensor& tensor, const TensorPlan& plan, const quantize::PackingOptions& packing,
                       std::shared_ptr<Differences> differences) {
  return with_context(place_of(tensor), [&] {
    quantize::PackingOptions own = packing;
    own.statistics = plan.statistics;
    own.observer = std::move(differences);
    return quantize::packed_tensor(tensor, codecs::codec_of(plan.storage), own);
  });
}

void describe_transcoding(const model::TranscodeRecord& record, TensorOutcome& outcome) {
  const auto total = record.total();
  outcome.fidelity = total.rounded_groups > 0 ? Fidelity::rounded : Fidelity::exact;
  outcome.max_error_steps = total.largest_error;
  outcome.signal_to_noise = std::numeric_limits<double>::infinity();
}

}  // namespace

Repacking::Repacking(const model::TensorList& tensors, const std::vector<TensorPlan>& plans,
                     const quantize::PackingOptions& packing, const MeasureOptions& options) {
  size_t index = 0;
  for (const auto& tensor : tensors) {
    const auto& plan = plans.at(index++);
    const bool is_copy = plan.storage == tensor.storage;
    const bool is_packed = !is_copy && !plan.keeps_codes;
    differences_.push_back(is_packed ? std::make_shared<Differences>(place_of(tensor), options) : nullptr);
    records_.push_back(plan.keeps_codes ? std::make_shared<model::TranscodeRecord>() : nullptr);
    if (plan.keeps_codes) {
      tensors_.add(model::transcoded_tensor(tensor, plan.storage, records_.back(), options.require_exact));
    } else {
      tensors_.add(is_copy ? tensor : repacked(tensor, plan, packing, differences_.back()));
    }
    planned_.push_back({.name = tensor.name,
                        .shape = tensor.shape,
                        .from = tensor.storage,
                        .to = plan.storage,
                        .bytes = checked_tensor_bytes(*plan.storage, tensor.shape, tensor.name),
                        .reason = plan.reason});
    if (is_packed) note_need(tensor, plan, packing);
  }
}

void Repacking::note_need(const model::Tensor& tensor, const TensorPlan& plan,
                          const quantize::PackingOptions& packing) {
  if (!packing.quantizer->memory_need) return;
  const quantize::PackingJob job{codecs::codec_of(plan.storage), plan.statistics.get(), packing.settings};
  const auto need = packing.quantizer->memory_need(tensor.shape.row_length(), job);
  if (need.shared > need_.bytes.shared) need_ = {{need.shared, need_.bytes.per_thread}, tensor.name};
  need_.bytes.per_thread = std::max(need_.bytes.per_thread, need.per_thread);
}

codecs::RoundingError Repacking::error_of(size_t tensor) const {
  return differences_[tensor] ? differences_[tensor]->total() : codecs::RoundingError{};
}

void Repacking::restore(size_t tensor, const codecs::RoundingError& error) const {
  if (differences_[tensor]) differences_[tensor]->restore(error);
}

std::vector<TensorOutcome> Repacking::outcomes() const {
  auto outcomes = planned_;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    if (differences_[i]) describe_differences(*differences_[i], outcomes[i]);
    if (records_[i]) describe_transcoding(*records_[i], outcomes[i]);
  }
  return outcomes;
}

bool holds_packed(const formats::Format& format, const model::Tensor& tensor) {
  return !format.packs || format.packs(tensor);
}

int64_t kept_bytes(const formats::Format& format, const model::TensorList& tensors) {
  return format.kept_bytes ? format.kept_bytes(tensors) : 0;
}

void require_rows(const model::Model& model) {
  for (const auto& tensor : model.tensors) {
    if (tensor.source->has_rows()) continue;
    fail(ErrorCode::unsupported,
         "{}: prepared for running: '{}' is only there as kernels read it; start from the model that it was made from",
         model.source, tensor.name);
  }
}

}  // namespace adze::pipeline
