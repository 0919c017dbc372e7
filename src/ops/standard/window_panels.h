// Which pieces of a plane make the windows of some places: for panels of float and integer convolutions.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "ops/standard/float_products.h"
#include "ops/standard/windows.h"

namespace adze::ops {

/// The pieces of lanes of sixteen places, by tap and lane.
struct WindowPieces {
  std::vector<PanelPiece> pieces;
  std::vector<int32_t> first_piece;      // of each tap and lane; one more at the end
  std::vector<int64_t> outer_positions;  // room for the search
};

/// Finds them; one for all threads.
class WindowFinder {
 public:
  explicit WindowFinder(const Windows& windows);

  /// Of `count` places of the output from `first` on.
  void find(int64_t first, int64_t count, WindowPieces& found) const;
  /// Distance of neighbours in a piece.
  int64_t stride() const { return windows_.strides.back(); }

 private:
  void add_piece(const PanelPiece& places, int64_t outer, int64_t tap, WindowPieces& found) const;

  const Windows& windows_;
  Windows outer_;  // without the last axis
  int64_t outer_taps_;
};

/// How a plane's places are divided into panels of nearly the same number of lanes.
struct PlanePanels {
  int64_t places, lanes, panels;

  explicit PlanePanels(int64_t place_count)
      : places(place_count),
        lanes((place_count + kPanelLane - 1) / kPanelLane),
        panels((lanes * kPanelLane + kPanelColumns - 1) / kPanelColumns) {}
  int64_t first(int64_t panel) const { return panel * lanes / panels * kPanelLane; }
  int64_t count(int64_t panel) const { return std::min(first(panel + 1), places) - first(panel); }
};

}  // namespace adze::ops
