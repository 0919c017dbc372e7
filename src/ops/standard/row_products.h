// Functions of rows of floats, number by number, one table per ISA. Each number is computed as the op of that name
// computes it, so results are the same bits on every ISA. Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

namespace adze::ops {

enum class RowFunction : uint8_t {
  add,
  subtract,
  multiply,
  divide,
  larger,   // NaN where one is NaN
  smaller,  // NaN where one is NaN
  // of `a` alone
  absolute,
  negative,
  reciprocal,
  relu,
};

struct RowOperand {
  const float* numbers;
  int64_t step;  // 1, or 0 for one number that stands for all
};

struct RowProducts {
  /// out[i] = function(a[i], b[i]); `out` may be where a or b lies. A function of a alone does not read b.
  void (*apply)(RowFunction function, RowOperand a, RowOperand b, int64_t count, float* out);
  /// totals[i] += x[i]
  void (*add_to_totals)(const float* x, int64_t count, double* totals);
  /// The largest number; NaN may count or not. REQUIRES: count > 0.
  float (*largest)(const float* x, int64_t count);
};

/// Of the processor, or what ADZE_FORCE_ISA pins.
const RowProducts& row_products();

extern const RowProducts kRowProductsAvx512;
extern const RowProducts kRowProductsAvx2;
extern const RowProducts kRowProductsPortable;

}  // namespace adze::ops
