// What calibrating told about a model's weights, handed to the quantizer tensor by tensor.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/activation_statistics.h"
#include "model/model.h"
#include "pipeline/repack.h"
#include "quantize/quantizer.h"

namespace adze::pipeline {

class CalibratedInputs {
 public:
  /// Reads the file, if `path` is not empty. Error(bad_input) where the quantizer needs what is not there.
  CalibratedInputs(const quantize::Quantizer& quantizer, const std::string& path);

  bool are_known() const { return !statistics_.inputs.empty(); }
  bool know(std::string_view weight) const { return statistics_.find(weight) != nullptr; }

  /// Error(bad_input) where a weight has other columns than the statistics say.
  void add_to(std::vector<TensorPlan>& plans, const model::TensorList& tensors) const;

  /// The keys by which llama-quantize says what it used.
  void record_in(model::Model& model) const;

 private:
  const quantize::Quantizer& quantizer_;
  model::ActivationStatistics statistics_;
};

}  // namespace adze::pipeline
