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

  InputSums(int64_t columns, int64_t matrices);

  /// Every thread of the team calls it. Sums do not depend on the number of threads. `experts`, null for a single
  /// matrix, has the matrices that each row meets: [T, used] for rows [T] or [T * used].
  void add(const ops::TensorView& rows, const ops::TensorView* experts, const Team& team);

  /// Everything but the Hessian. Throws Error(bad_input) naming `weight` where an input was not finite.
  model::InputStatistics statistics(const std::string& weight) const;

  int64_t bytes() const;

  // The whole state, for snapshots.
  std::vector<int64_t> counts;      // [matrices] rows
  std::vector<double> square_sums;  // [matrices, columns]
  std::vector<double> sums;         // [matrices, columns]
  std::vector<float> minima;        // [matrices, columns]
  std::vector<float> maxima;        // [matrices, columns]
  std::vector<int64_t> magnitudes;  // numbers of this size, by the upper bits of |x|

 private:
  void add_row(const float* x, int64_t matrix, Range columns);
  void add_magnitudes(const uint32_t* counted);
  std::vector<float> quantiles() const;
};

}  // namespace adze::calibrate
