// Products of 8-bit matrices with sums in i32, one table per ISA: tiles of rows of signed bytes times panels of columns
// of unsigned ones, four of the depth at a time. Sums are exact in any order.
// Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

#include "ops/standard/float_products.h"

namespace adze::ops {

/// The depth goes in steps of four: a panel is [steps][kPanelColumns][4], packed rows [rows / kRowTile][steps]
/// [kRowTile][4].
inline constexpr int64_t kDepthOfStep = 4;

/// What becomes of a sum: + row_term + column_term + row_factor * column_factor, each where it is given; then, for
/// 8-bit results, times the scales, rounded to the nearest (ties to even), + zero, within the limits.
struct IntegerEnd {
  const int32_t* row_terms = nullptr;
  const int32_t* column_terms = nullptr;
  const int32_t* row_factors = nullptr;
  const int32_t* column_factors = nullptr;
  const float* row_scales = nullptr;  // one of the two, for 8-bit results
  const float* column_scales = nullptr;
  int32_t zero = 0, least = 0, most = 255;  // least and most of the codes as they are stored
};

struct IntegerPanelProduct {
  const int8_t* rows;  // packed
  int64_t row_count;
  int64_t steps;
  const uint8_t* panel;
  int64_t columns;
  const IntegerEnd* end;
  int32_t* sums;   // one of the two
  uint8_t* codes;  // signed ones have the same bits
  int64_t out_step;
};

/// Lays out the windows of four channels at a time as a panel: [taps][channels / 4][kPanelColumns][4].
struct BytePanelFill {
  const uint8_t* planes;  // of the first channel
  const uint8_t* readable_begin;
  const uint8_t* readable_end;
  int64_t plane;
  int64_t channels, taps, lanes;
  const PanelPiece* pieces;
  const int32_t* first_piece;
  int64_t stride;
  uint8_t outside;  // what stands for the padding, as it is in the planes
  uint8_t flip;     // 0x80 turns signed numbers into unsigned ones, 128 more
  uint8_t* panel;
};

/// Panels lane by lane. A template of the function, which has internal linkage, so that every instruction set has its
/// own.
template <void (*kFillLane)(const BytePanelFill& fill, int64_t channel, const int32_t* pieces, uint8_t* to)>
void fill_lanes(const BytePanelFill& fill) {
  uint8_t* to = fill.panel;
  for (int64_t tap = 0; tap < fill.taps; ++tap) {
    for (int64_t channel = 0; channel < fill.channels; channel += 4, to += kPanelColumns * kDepthOfStep) {
      for (int64_t lane = 0; lane < fill.lanes; ++lane) {
        kFillLane(fill, channel, fill.first_piece + tap * fill.lanes + lane, to + lane * kPanelLane * kDepthOfStep);
      }
    }
  }
}

struct IntegerProducts {
  void (*multiply)(const IntegerPanelProduct& product);
  void (*fill)(const BytePanelFill& fill);
};

extern const IntegerProducts kIntegerProductsAvx512;
extern const IntegerProducts kIntegerProductsAvx2;
extern const IntegerProducts kIntegerProductsPortable;

}  // namespace adze::ops
