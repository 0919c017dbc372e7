// Windows as panels (float_products.h) over lanes of sixteen floats; included behind lanes_<isa>.h.
#pragma once

#include <cstdint>

#include "ops/standard/float_products.h"

namespace adze::ops {
namespace {

inline bool is_whole(const PanelPiece& piece) { return piece.begin == 0 && piece.end == Lanes::kCount; }

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
  return is_whole(piece) ? whole : within(whole, piece.begin, piece.end, other);
}

/// One lane of a tap in the panels of all channels, which lie `step` numbers apart.
inline void fill_lane(const PanelFill& fill, const int32_t* pieces, float* to, int64_t step) {
  const float* plane = fill.planes;
  if (pieces[1] - pieces[0] == 1 && fill.stride == 1 && is_whole(fill.pieces[pieces[0]])) {
    const float* from = plane + fill.pieces[pieces[0]].from;
    for (int64_t channel = 0; channel < fill.channels; ++channel, from += fill.plane, to += step) {
      store(to, load(from));
    }
    return;
  }
  for (int64_t channel = 0; channel < fill.channels; ++channel, plane += fill.plane, to += step) {
    Lanes numbers = splat(0);
    for (int32_t i = pieces[0]; i < pieces[1]; ++i) numbers = with_piece(fill, plane, fill.pieces[i], numbers);
    store(to, numbers);
  }
}

inline void fill_panel(const PanelFill& fill) {
  for (int64_t tap = 0; tap < fill.taps; ++tap) {
    for (int64_t lane = 0; lane < fill.lanes; ++lane) {
      fill_lane(fill, fill.first_piece + tap * fill.lanes + lane,
                fill.panel + tap * kPanelColumns + lane * Lanes::kCount, fill.taps * kPanelColumns);
    }
  }
}

}  // namespace
}  // namespace adze::ops
