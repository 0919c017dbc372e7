// Products of float matrices: one panel of columns with any number of rows, one table per ISA.
// Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

namespace adze::ops {

/// Columns of a panel. It holds [depth][kPanelColumns] numbers, with zeros where the matrix has ended.
inline constexpr int64_t kPanelColumns = 32;

/// Rows of the left matrix lie `row_step` numbers apart, rows of the result `out_step`.
struct PanelProduct {
  const float* rows;
  int64_t row_step;
  int64_t row_count;
  int64_t depth;
  const float* panel;
  float* out;
  int64_t out_step;
  int64_t columns;  // of the result, at most kPanelColumns
};

struct FloatProducts {
  /// out = rows * panel; sums run over the depth in order.
  void (*multiply)(const PanelProduct& product);
};

extern const FloatProducts kFloatProductsAvx512;
extern const FloatProducts kFloatProductsAvx2;
extern const FloatProducts kFloatProductsNeon;
extern const FloatProducts kFloatProductsPortable;

}  // namespace adze::ops
