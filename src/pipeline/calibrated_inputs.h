// What calibrating told about a model's weights, handed to the quantizer tensor by tensor.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/activation_statistics.h"
#include "model/model.h"
#include "pipeline/repack.h"
#include "quantize/quantizer.h"

namespace adze::pipeline {

/// The one of that name; without a name "importance" where there is a file of statistics, else "nearest".
const quantize::Quantizer& chosen_quantizer(const std::string& name, const std::string& statistics);

/// Whether a file of statistics has what GPTQ needs; false for an empty path.
bool holds_hessians(const std::string& statistics);

class CalibratedInputs {
 public:
  /// Reads the file, if `path` is not empty. Error(bad_input) where the quantizer needs what is not there.
  CalibratedInputs(const quantize::Quantizer& quantizer, const std::string& path);

  const model::ActivationStatistics& statistics() const { return statistics_; }
  /// From now on those of a transformed model.
  void replace(model::ActivationStatistics statistics) { statistics_ = std::move(statistics); }

  bool are_known() const { return !statistics_.inputs.empty(); }
  bool know(std::string_view weight) const { return statistics_.find(weight) != nullptr; }

  /// Null where nothing is known. Error(bad_input) where the weight has other columns than the statistics say.
  std::shared_ptr<const quantize::InputStatistics> of(const model::Tensor& weight) const;
  /// Error(bad_input) where a weight has other columns than the statistics say.
  void add_to(std::vector<TensorPlan>& plans, const model::TensorList& tensors) const;

  /// The keys by which llama-quantize says what it used.
  void record_in(model::Model& model) const;

 private:
  const quantize::Quantizer& quantizer_;
  model::ActivationStatistics statistics_;
};

}  // namespace adze::pipeline
