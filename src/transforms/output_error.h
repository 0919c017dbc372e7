// How much an error in the rows of a weight changes its products.
#pragma once

#include <cstdint>
#include <vector>

#include "model/activation_statistics.h"

namespace adze::transforms {

/// d H d^T for rows d, with the Hessian where there is one, else with its diagonal. Sums in one fixed order.
class OutputError {
 public:
  /// Error(bad_input) where Hessian or sums are of another size or not finite.
  explicit OutputError(const model::InputStatistics& inputs);

  int64_t columns() const { return columns_; }

  /// One number per row of [count, columns].
  std::vector<double> of_rows(const float* rows, int64_t count) const;

 private:
  double by_diagonal(const float* row) const;
  void add_products(const float* rows, int64_t count, std::vector<float>& products) const;

  int64_t columns_;
  std::vector<float> diagonal_;
  std::vector<float> triangle_;  // lower, row by row; empty: not known
};

}  // namespace adze::transforms
