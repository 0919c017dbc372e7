// Windows as panels (float_products.h) over lanes of sixteen floats; included behind lanes_<isa>.h.
#pragma once

#include <cstdint>

#include "ops/standard/float_products.h"

namespace adze::ops {
namespace {

/// Sixteen numbers of which those in [begin, end) exist, one by one.
inline Lanes gathered(const float* from, int64_t stride, const PanelPiece& piece, Lanes other) {
  float whole[Lanes::kCount];
  store(whole, other);
  for (int32_t i = piece.begin; i < piece.end; ++i) whole[i] = from[i * stride];
  return load(whole);
}

inline Lanes with_piece(const PanelFill& fill, const float* plane, const PanelPiece& piece, Lanes other) {
  const float* from = plane + piece.from;
  const int64_t reach = fill.stride == 1 ? Lanes::kCount : 2 * Lanes::kCount;
  const bool inside = from >= fill.readable_begin && from + reach <= fill.readable_end;
  if (!inside || fill.stride > 2) return gathered(from, fill.stride, piece, other);
  const Lanes whole = fill.stride == 1 ? load(from) : load_pairs(from).first;
  return piece.begin == 0 && piece.end == Lanes::kCount ? whole : within(whole, piece.begin, piece.end, other);
}

inline void fill_panel(const PanelFill& fill) {
  float* to = fill.panel;
  const float* plane = fill.planes;
  for (int64_t channel = 0; channel < fill.channels; ++channel, plane += fill.plane) {
    const int32_t* first = fill.first_piece;
    for (int64_t tap = 0; tap < fill.taps; ++tap, to += kPanelColumns) {
      for (int64_t lane = 0; lane < fill.lanes; ++lane, ++first) {
        Lanes numbers = splat(0);
        for (int32_t i = first[0]; i < first[1]; ++i) numbers = with_piece(fill, plane, fill.pieces[i], numbers);
        store(to + lane * Lanes::kCount, numbers);
      }
    }
  }
}

}  // namespace
}  // namespace adze::ops
