// lint: foreign names: keys of llama.cpp
#include "pipeline/calibrated_inputs.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "formats/imatrix/read_imatrix.h"

namespace adze::pipeline {
namespace {

bool has_hessians(const model::ActivationStatistics& statistics) {
  for (const auto& [weight, inputs] : statistics.inputs) {
    if (inputs.hessian) return true;
  }
  return false;
}

void check_shape(const model::Tensor& tensor, const model::InputStatistics& inputs,
                 const model::ActivationStatistics& statistics) {
  const size_t rank = tensor.shape.rank();
  const int64_t rows = rank < 2 ? 1 : std::max<int64_t>(1, tensor.shape[rank - 2]);
  const int64_t wanted = tensor.shape.row_length() * (tensor.shape.row_count() / rows);
  if (static_cast<int64_t>(inputs.square_sums.size()) == wanted) return;
  fail(ErrorCode::bad_input, "{}: has {} numbers about '{}' {}; was it made from another model?", statistics.source,
       inputs.square_sums.size(), tensor.name, tensor.shape.to_string());
}

}  // namespace

const quantize::Quantizer& chosen_quantizer(const std::string& name, const std::string& statistics) {
  if (!name.empty()) return quantize::quantizer_named(name);
  return statistics.empty() ? quantize::nearest : quantize::importance;
}

bool holds_hessians(const std::string& statistics) {
  return !statistics.empty() && has_hessians(formats::read_imatrix(statistics));
}

CalibratedInputs::CalibratedInputs(const quantize::Quantizer& quantizer, const std::string& path)
    : quantizer_(quantizer) {
  if (!path.empty()) statistics_ = formats::read_imatrix(path);
  if (quantizer.reads_hessians && !has_hessians(statistics_)) {
    fail(ErrorCode::bad_input, "the quantizer \"{}\" needs statistics with Hessians: adze calibrate MODEL --hessians",
         quantizer.name);
  }
}

std::shared_ptr<const quantize::InputStatistics> CalibratedInputs::of(const model::Tensor& weight) const {
  const auto* inputs = statistics_.find(weight.name);
  if (!inputs) return nullptr;
  check_shape(weight, *inputs, statistics_);
  return std::make_shared<quantize::InputStatistics>(quantize::InputStatistics{mean_squares(*inputs), inputs->hessian});
}

void CalibratedInputs::add_to(std::vector<TensorPlan>& plans, const model::TensorList& tensors) const {
  size_t index = 0;
  for (const model::Tensor& tensor : tensors) {
    TensorPlan& plan = plans.at(index++);
    if (plan.storage == tensor.storage || plan.storage->is_plain() || !quantizer_.reads_importance) continue;
    plan.statistics = of(tensor);
    if (!plan.statistics && are_known()) plan.reason += plan.reason.empty() ? "no statistics" : "; no statistics";
  }
}

void CalibratedInputs::record_in(model::Model& model) const {
  if (!are_known()) return;
  model.other.set("quantize.imatrix.file", std::filesystem::path(statistics_.source).filename().string());
  if (!statistics_.datasets.empty()) model.other.set("quantize.imatrix.dataset", statistics_.datasets.front());
  model.other.set("quantize.imatrix.entries_count", static_cast<uint32_t>(statistics_.inputs.size()));
  if (statistics_.chunk_count > 0) {
    model.other.set("quantize.imatrix.chunks_count", static_cast<uint32_t>(statistics_.chunk_count));
  }
}

}  // namespace adze::pipeline
