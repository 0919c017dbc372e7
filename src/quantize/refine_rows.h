// Betters rows whose codes are chosen, under the full Hessian of the layer's squared error.
#pragma once

#include <cstdint>
#include <vector>

#include "quantize/lattice_rows.h"

namespace adze::quantize {

/// A sweep moves every number to the code that is best with all others as they are, then solves for the scale and the
/// minimum of each block by least squares with all codes as they are. The error of a row never grows.
class RowRefinement {
 public:
  /// `hessian` is the whole matrix [columns, columns]; it outlives the refinement.
  RowRefinement(const std::vector<float>& hessian, int64_t columns);

  /// REQUIRES: the codes of every column were chosen.
  void run(LatticeRows& rows, int sweeps);

 private:
  void begin(const LatticeRows& rows);
  void move_codes(LatticeRows& rows);
  void solve_scales(LatticeRows& rows, int64_t block);
  /// The values of a column changed by `steps` (one per lane).
  void follow(int64_t column, const float* steps);
  const float* row(int64_t i) const { return hessian_.data() + i * columns_; }

  const std::vector<float>& hessian_;
  const int64_t columns_;
  std::vector<float> pull_;  // [columns][lanes]: H times what is missing of the weights
};

}  // namespace adze::quantize
