// Products of 8-bit matrices in plain C++.
#include <algorithm>
#include <cmath>

#include "ops/standard/integer_products.h"

namespace adze::ops {
namespace {

/// Goes round in i32, as vectors do.
int32_t ended(const IntegerPanelProduct& p, int64_t row, int64_t column, int64_t sum) {
  if (!p.end) return static_cast<int32_t>(sum);
  if (p.end->row_terms) sum += p.end->row_terms[row];
  if (p.end->column_terms) sum += p.end->column_terms[column];
  if (p.end->row_factors) sum += int64_t{p.end->row_factors[row]} * p.end->column_factors[column];
  return static_cast<int32_t>(sum);
}

uint8_t code_of(const IntegerEnd& end, int64_t row, int64_t column, int32_t sum) {
  const float scale = end.row_scales ? end.row_scales[row] : end.column_scales[column];
  const float scaled = std::fmax(std::fmin(static_cast<float>(sum) * scale, 0x1p24f), -0x1p24f);  // also NaN
  return static_cast<uint8_t>(std::clamp(static_cast<int32_t>(std::nearbyint(scaled)) + end.zero, end.least, end.most));
}

void multiply_bytes(const IntegerPanelProduct& p) {
  for (int64_t row = 0; row < p.row_count; ++row) {
    const int8_t* rows = p.rows + (row / kRowTile * kRowTile * p.steps + row % kRowTile) * kDepthOfStep;
    int32_t sums[kPanelColumns] = {};
    for (int64_t k = 0; k < p.steps; ++k) {
      const int8_t* w = rows + k * kRowTile * kDepthOfStep;
      const uint8_t* x = p.panel + k * kPanelColumns * kDepthOfStep;
      for (int64_t i = 0; i < p.columns; ++i, x += kDepthOfStep) {
        sums[i] += w[0] * x[0] + w[1] * x[1] + w[2] * x[2] + w[3] * x[3];
      }
    }
    for (int64_t i = 0; i < p.columns; ++i) {
      const int32_t sum = ended(p, row, i, sums[i]);
      if (p.sums) {
        p.sums[row * p.out_step + i] = sum;
      } else {
        p.codes[row * p.out_step + i] = code_of(*p.end, row, i, sum);
      }
    }
  }
}

void fill_lane(const BytePanelFill& fill, int64_t channel, const int32_t* pieces, uint8_t* to) {
  for (int64_t i = 0; i < kDepthOfStep; ++i) {
    for (int64_t column = 0; column < kPanelLane; ++column) to[column * kDepthOfStep + i] = fill.outside ^ fill.flip;
    const uint8_t* plane = fill.planes + (channel + i) * fill.plane;
    for (int32_t at = pieces[0]; at < pieces[1] && channel + i < fill.channels; ++at) {
      const PanelPiece& piece = fill.pieces[at];
      for (int32_t column = piece.begin; column < piece.end; ++column) {
        to[column * kDepthOfStep + i] = plane[piece.from + column * fill.stride] ^ fill.flip;
      }
    }
  }
}

void fill_bytes(const BytePanelFill& fill) { fill_lanes<fill_lane>(fill); }

}  // namespace

const IntegerProducts kIntegerProductsPortable = {multiply_bytes, fill_bytes};

}  // namespace adze::ops
