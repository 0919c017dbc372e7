// What is added up of the inputs of a weight while a model runs.
#pragma once

#include <cstdint>
#include <vector>

#include "base/team.h"
#include "model/activation_statistics.h"
#include "ops/op.h"

namespace adze::calibrate {

class InputSums {
 public:
  /// Magnitudes are counted by exponent and the first four bits behind the point: 6 % apart.
  static constexpr size_t kMagnitudes = 4096;

  explicit InputSums(int64_t columns);

  /// Every thread of the team calls it. Sums do not depend on the number of threads.
  void add(const ops::TensorView& rows, const Team& team);

  /// Everything but the Hessian. Throws Error(bad_input) naming `weight` where an input was not finite.
  model::InputStatistics statistics(const std::string& weight) const;

  int64_t bytes() const;

  // The whole state, for snapshots.
  int64_t count = 0;
  std::vector<double> square_sums;  // per column
  std::vector<double> sums;
  std::vector<float> minima;
  std::vector<float> maxima;
  std::vector<int64_t> magnitudes;  // numbers of this size, by the upper bits of |x|

 private:
  void add_columns(const ops::TensorView& rows, Range columns);
  void count_magnitudes(const ops::TensorView& rows, Range columns);
  std::vector<float> quantiles() const;
};

}  // namespace adze::calibrate
