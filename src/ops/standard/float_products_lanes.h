// float_products.h over lanes of sixteen floats; included behind lanes_<isa>.h.
#pragma once

#include <cstdint>

#include "ops/standard/float_products.h"

namespace adze::ops {
namespace {

// As many rows at once as sums fit into the registers.
constexpr int kTileRowCount = Lanes::kRegisters == 1 ? 8 : 3;

inline void store_columns(float* to, int64_t columns, Lanes low, Lanes high) {
  if (columns == kPanelColumns) {
    store(to, low);
    store(to + Lanes::kCount, high);
    return;
  }
  float whole[kPanelColumns];
  store(whole, low);
  store(whole + Lanes::kCount, high);
  for (int64_t i = 0; i < columns; ++i) to[i] = whole[i];
}

template <int kRows>
void multiply_tile(const PanelProduct& p, int64_t first) {
  Lanes low[kRows], high[kRows];
  const float* rows[kRows];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
    low[r] = high[r] = splat(0);
    rows[r] = p.rows + (first + r) * p.row_step;
  }
  const float* panel = p.panel;
  for (int64_t k = 0; k < p.depth; ++k, panel += kPanelColumns) {
    const Lanes left = load(panel), right = load(panel + Lanes::kCount);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Lanes x = splat(rows[r][k]);
      low[r] = multiply_add(x, left, low[r]);
      high[r] = multiply_add(x, right, high[r]);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) store_columns(p.out + (first + r) * p.out_step, p.columns, low[r], high[r]);
}

inline void multiply_panel(const PanelProduct& p) {
  int64_t row = 0;
  for (; row + kTileRowCount <= p.row_count; row += kTileRowCount) multiply_tile<kTileRowCount>(p, row);
  for (; row < p.row_count; ++row) multiply_tile<1>(p, row);
}

}  // namespace
}  // namespace adze::ops
