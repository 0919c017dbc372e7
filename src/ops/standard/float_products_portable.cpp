// Products of float matrices in plain C++.
#include <algorithm>

#include "ops/standard/float_products.h"

namespace adze::ops {
namespace {

float limited(const ProductEnd& end, float sum) {
  if (end.clips) sum = sum < end.least ? end.least : sum > end.most ? end.most : sum;
  return end.leaks && sum < 0 ? end.slope * sum : sum;
}

const float* number(const PanelProduct& p, int64_t row, int64_t k) {
  if (p.row_step != 0) return p.rows + row * p.row_step + k;
  return p.rows + row / kRowTile * kRowTile * p.row_depth + k * kRowTile + row % kRowTile;
}

void multiply_panel(const PanelProduct& p) {
  for (int64_t row = 0; row < p.row_count; ++row) {
    float* out = p.out + row * p.out_step;
    float sums[kPanelColumns] = {};
    for (int64_t i = 0; p.adds && i < p.columns; ++i) sums[i] = out[i];
    for (int64_t k = 0; k < p.depth; ++k) {
      const float x = *number(p, row, k);
      for (int64_t i = 0; i < p.columns; ++i) sums[i] += x * p.panel[k * p.panel_step + i];
    }
    for (int64_t i = 0; i < p.columns; ++i) {
      if (p.end && p.end->bias) sums[i] += p.end->bias[row];
      if (p.end && p.end->addend) sums[i] += p.end->addend[row * p.out_step + i];
      out[i] = p.end ? limited(*p.end, sums[i]) : sums[i];
    }
  }
}

void fill_panel(const PanelFill& fill) {
  float* to = fill.panel;
  for (int64_t channel = 0; channel < fill.channels; ++channel) {
    const float* plane = fill.planes + channel * fill.plane;
    for (int64_t at = 0; at < fill.taps * fill.lanes; ++at) {
      if (at != 0 && at % fill.lanes == 0) to += kPanelColumns;
      float* lane = to + at % fill.lanes * kPanelLane;
      std::fill_n(lane, kPanelLane, 0.0f);
      for (int32_t i = fill.first_piece[at]; i < fill.first_piece[at + 1]; ++i) {
        const PanelPiece& piece = fill.pieces[i];
        for (int32_t j = piece.begin; j < piece.end; ++j) lane[j] = plane[piece.from + j * fill.stride];
      }
    }
    to += kPanelColumns;
  }
}

void filter_plane(const PlaneFilter& f) {
  for (int64_t row = 0; row < f.rows; ++row) {
    for (int64_t i = 0; i < f.columns; ++i) {
      float sum = 0;
      for (int64_t tap = 0; tap < f.taps; ++tap) {
        sum += f.weights[tap] * f.padded[f.distances[tap] + row * f.row_step + i];
      }
      sum += f.bias;
      if (f.end->addend) sum += f.end->addend[row * f.columns + i];
      f.out[row * f.columns + i] = limited(*f.end, sum);
    }
  }
}

}  // namespace

const FloatProducts kFloatProductsPortable = {multiply_panel, fill_panel, filter_plane};

}  // namespace adze::ops
