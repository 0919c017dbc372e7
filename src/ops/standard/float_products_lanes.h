// Tiles of products (float_products.h) over lanes of sixteen floats; included behind lanes_<isa>.h.
#pragma once

#include <cstdint>

#include "ops/standard/float_products.h"

namespace adze::ops {
namespace {

/// As many sums at once as fit into the registers: rows, and lanes of columns.
constexpr int kTileRows = Lanes::kRegisters == 1 ? 8 : 4;
constexpr int kTileLanes = Lanes::kRegisters == 1 ? 3 : 1;

inline Lanes limited(const ProductEnd& end, Lanes sums) {
  if (end.clips) sums = smaller(splat(end.most), larger(splat(end.least), sums));
  // a slope below one: the larger of both lines
  if (end.leaks) sums = larger(splat(0), sums) + splat(end.slope) * smaller(splat(0), sums);
  return sums;
}

/// One lane of a row, from `column` on.
inline void store_sum(const PanelProduct& p, int64_t row, int64_t column, Lanes sum) {
  float* to = p.out + row * p.out_step + column;
  const int64_t width = p.columns - column;
  if (p.end) {
    if (p.end->bias) sum = sum + splat(p.end->bias[row]);
    if (p.end->addend) sum = sum + load_part(p.end->addend + (to - p.out), width);
    sum = limited(*p.end, sum);
  }
  store_part(to, width, sum);
}

/// Rows [first, first + kRows) and kLanes lanes of columns from `column` on. All is inlined, so that the sums stay in
/// registers.
template <int kRows, int kLanes>
struct ProductTile {
  const PanelProduct& p;
  int64_t first, column;
  Lanes sums[kRows][kLanes];

  /// Where row r of the tile begins, and how far apart its numbers lie.
  const float* row(int r) const {
    const int64_t at = first + r;
    return p.row_step != 0 ? p.rows + at * p.row_step : p.rows + at / kRowTile * kRowTile * p.row_depth + at % kRowTile;
  }

  [[gnu::always_inline]] int64_t width(int lane) const { return p.columns - column - lane * Lanes::kCount; }
  float* result(int r, int lane) const { return p.out + (first + r) * p.out_step + column + lane * Lanes::kCount; }

  [[gnu::always_inline]] void begin() {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int lane = 0; lane < kLanes; ++lane) {
        sums[r][lane] = p.adds ? load_part(result(r, lane), width(lane)) : splat(0);
      }
    }
  }

  [[gnu::always_inline]] void add_step(const float* const* rows, int64_t at, const float* panel) {
    Lanes x[kLanes];
#pragma GCC unroll 3
    for (int lane = 0; lane < kLanes; ++lane) x[lane] = load(panel + lane * Lanes::kCount);
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const Lanes w = splat(rows[r][at]);
#pragma GCC unroll 3
      for (int lane = 0; lane < kLanes; ++lane) sums[r][lane] = multiply_add(w, x[lane], sums[r][lane]);
    }
  }

  [[gnu::always_inline]] void add_plain() {
    const float* rows[kRows];
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) rows[r] = row(r);
    const float* panel = p.panel + column;
    for (int64_t k = 0; k < p.depth; ++k, panel += p.panel_step) add_step(rows, k, panel);
  }

  [[gnu::always_inline]] void add_packed() {
    const float *packed = row(0), *panel = p.panel + column;
    for (int64_t k = 0; k < p.depth; ++k, packed += kRowTile, panel += p.panel_step) {
      const float* rows[kRows];
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) rows[r] = packed + r;
      add_step(rows, 0, panel);
    }
  }

  [[gnu::always_inline]] void finish() const {
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
      for (int lane = 0; lane < kLanes; ++lane) store_sum(p, first + r, column + lane * Lanes::kCount, sums[r][lane]);
    }
  }
};

template <int kRows, int kLanes>
void multiply_tile(const PanelProduct& p, int64_t first, int64_t column) {
  ProductTile<kRows, kLanes> tile{p, first, column, {}};
  tile.begin();
  p.row_step != 0 ? tile.add_plain() : tile.add_packed();
  tile.finish();
}

template <int kLanes>
void multiply_lanes(const PanelProduct& p, int64_t column) {
  int64_t row = 0;
  for (; row + kTileRows <= p.row_count; row += kTileRows) multiply_tile<kTileRows, kLanes>(p, row, column);
  if constexpr (kTileRows > 4) {
    if (row + 4 <= p.row_count) {
      multiply_tile<4, kLanes>(p, row, column);
      row += 4;
    }
  }
  for (; row + 2 <= p.row_count; row += 2) multiply_tile<2, kLanes>(p, row, column);
  if (row < p.row_count) multiply_tile<1, kLanes>(p, row, column);
}

inline void multiply_panel(const PanelProduct& p) {
  constexpr int64_t kWidth = kTileLanes * Lanes::kCount;
  int64_t column = 0;
  // The last lane may be filled in part.
  for (; p.columns - column > kWidth - Lanes::kCount; column += kWidth) multiply_lanes<kTileLanes>(p, column);
  if constexpr (kTileLanes > 1) {
    if (p.columns - column > Lanes::kCount) return multiply_lanes<2>(p, column);
  }
  if (column < p.columns) multiply_lanes<1>(p, column);
}

}  // namespace
}  // namespace adze::ops
