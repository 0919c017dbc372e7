#include "ops/standard/window_panels.h"

#include <algorithm>

namespace adze::ops {
namespace {

Windows without_last_axis(Windows w) {
  for (auto* list : {&w.input, &w.kernel, &w.strides, &w.dilations, &w.before, &w.after, &w.output}) list->pop_back();
  return w;
}

/// Rounded down, also below zero.
int64_t floor_divide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

}  // namespace

WindowFinder::WindowFinder(const Windows& windows)
    : windows_(windows), outer_(without_last_axis(windows)), outer_taps_(outer_.taps()) {}

void WindowFinder::find(int64_t first, int64_t count, WindowPieces& found) const {
  const int64_t width = windows_.output.back(), first_row = first / width;
  const int64_t row_count = count == 0 ? 0 : (first + count - 1) / width - first_row + 1;
  auto& positions = found.outer_positions;
  positions.resize(static_cast<size_t>(row_count * outer_taps_));
  for (int64_t row = 0; row < row_count; ++row) {
    outer_.positions(first_row + row, std::span(positions).subspan(static_cast<size_t>(row * outer_taps_)));
  }
  found.pieces.clear();
  found.first_piece.clear();
  const int64_t taps = outer_taps_ * windows_.kernel.back();
  for (int64_t tap = 0; tap < taps; ++tap) {
    const int64_t outer_tap = tap / windows_.kernel.back(), own_tap = tap % windows_.kernel.back();
    for (int64_t lane = 0; lane < count; lane += kPanelLane) {
      found.first_piece.push_back(static_cast<int32_t>(found.pieces.size()));
      const int64_t places = std::min(kPanelLane, count - lane);
      for (int64_t column = 0; column < places;) {
        const int64_t place = first + lane + column, length = std::min(places - column, width - place % width);
        const auto row = static_cast<size_t>((place / width - first_row) * outer_taps_ + outer_tap);
        const PanelPiece columns{place % width, static_cast<int32_t>(column), static_cast<int32_t>(column + length)};
        if (positions[row] >= 0) add_piece(columns, positions[row], own_tap, found);
        column += length;
      }
    }
  }
  found.first_piece.push_back(static_cast<int32_t>(found.pieces.size()));
}

/// `places`: columns whose places of a row begin at `from`.
void WindowFinder::add_piece(const PanelPiece& places, int64_t outer, int64_t tap, WindowPieces& found) const {
  const int64_t stride = windows_.strides.back(), input = windows_.input.back(), column = places.begin;
  const int64_t base = places.from * stride - windows_.before.back() + tap * windows_.dilations.back();
  const int64_t begin = std::max<int64_t>(0, -floor_divide(base, stride));
  const int64_t end = std::min<int64_t>(places.end - column, floor_divide(input - 1 - base, stride) + 1);
  if (begin >= end) return;
  found.pieces.push_back({outer * input + base - column * stride, static_cast<int32_t>(column + begin),
                          static_cast<int32_t>(column + end)});
}

}  // namespace adze::ops
