// What GPTQ needs of a Hessian: how an error in one column is made up for in the columns that come later.
#pragma once

#include <cstdint>
#include <vector>

#include "model/tensor.h"

namespace adze::quantize {

struct HessianFactor {
  int64_t columns = 0;
  std::vector<int32_t> order;  // column at each place
  /// Upper triangular U with U^T U = (H + damping)^-1, rows and columns in that order: [columns, columns]. An error e
  /// of the column at place j is best made up for by taking e * U[j][k] / U[j][j] from the column at place k > j.
  std::vector<float> upper;
  std::vector<float> diagonal;  // of H + damping, by column

  const float* row(int64_t place) const { return upper.data() + place * columns; }
};

/// H as a triangle, with no negative numbers on its diagonal. Error(bad_input) when it is of another size or not
/// finite.
std::vector<float> read_hessian(const model::Tensor& triangle, int64_t columns);

/// `damping` is the share of the mean of the diagonal that is added to it; ten times more for as long as the sum is not
/// positive definite. Error(bad_input) when it never is.
HessianFactor factor_hessian(const std::vector<float>& triangle, std::vector<int32_t> order, double damping);

}  // namespace adze::quantize
