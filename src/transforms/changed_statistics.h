// What is known about the inputs of a weight, after those inputs were changed.
#pragma once

#include <memory>

#include "model/activation_statistics.h"
#include "transforms/changed_tensor.h"

namespace adze::transforms {

/// x becomes Q (f * x): first each input times its factor, then each run of inputs rotated. Either may be null.
struct InputChange {
  Factors factors = nullptr;
  std::shared_ptr<const Rotation> rotation = nullptr;
};

/// Changes statistics consistently. Hessians become lazy; siblings that shared one still do.
class StatisticsChange {
 public:
  explicit StatisticsChange(InputChange change) : change_(std::move(change)) {}

  /// Mean squares of rotated inputs come from the Hessian; without one inputs are taken for uncorrelated.
  /// Ranges and quantiles of rotated inputs are not known. Error(bad_input) for another number of inputs, or a stacked
  /// weight.
  void apply(model::InputStatistics& inputs, const std::string& weight);

 private:
  void rotate_squares(model::InputStatistics& inputs) const;

  InputChange change_;
  // Of the last one, as siblings come together.
  std::shared_ptr<const model::Tensor> original_;
  std::shared_ptr<const model::Tensor> changed_;
  std::vector<float> squares_;
};

}  // namespace adze::transforms
