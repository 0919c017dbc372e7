#include "codecs/scale_search.h"

#include <algorithm>
#include <cmath>

namespace adze::codecs {
namespace {

// How long the most promising start is followed; after that little changes.
constexpr int kRounds = 3;

/// The number of largest magnitude of each lane, with its sign.
void find_extremes(const LaneBlocks& lanes, float (&extreme)[kLanes]) {
  std::fill_n(extreme, kLanes, 0.0f);
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const float x = lanes.x[i][lane];
      extreme[lane] = std::fabs(x) > std::fabs(extreme[lane]) ? x : extreme[lane];
    }
  }
}

void find_limits(const LaneBlocks& lanes, float (&smallest)[kLanes], float (&largest)[kLanes]) {
  std::copy_n(lanes.x[0], kLanes, smallest);
  std::copy_n(lanes.x[0], kLanes, largest);
  for (int i = 1; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const float x = lanes.x[i][lane];
      smallest[lane] = x < smallest[lane] ? x : smallest[lane];
      largest[lane] = x > largest[lane] ? x : largest[lane];
    }
  }
}

}  // namespace

LaneFit find_scales(const LaneBlocks& lanes, const FitRules& rules, std::span<const float> extreme_codes) {
  float extreme[kLanes];
  find_extremes(lanes, extreme);
  BestFit best;
  for (const float code : extreme_codes) {
    LaneFit start{};
    for (int lane = 0; lane < kLanes; ++lane) start.scale[lane] = extreme[lane] / code;
    probe(lanes, rules, start, best);
  }
  return descend(lanes, rules, best.fit, kRounds);
}

LaneFit find_scales_and_offsets(const LaneBlocks& lanes, const FitRules& rules, std::span<const float> overhangs) {
  float smallest[kLanes], largest[kLanes];
  find_limits(lanes, smallest, largest);
  if (rules.offset == OffsetRule::never_positive) {
    for (float& value : smallest) value = std::min(value, 0.0f);
  }
  BestFit best;
  const auto try_overhangs = [&](float below, float above) {
    LaneFit start{};
    for (int lane = 0; lane < kLanes; ++lane) {
      start.scale[lane] = (largest[lane] - smallest[lane]) / (rules.range.highest + above + below);
      start.offset[lane] = smallest[lane] + start.scale[lane] * below;
      if (rules.offset == OffsetRule::never_positive) start.offset[lane] = std::min(start.offset[lane], 0.0f);
    }
    probe(lanes, rules, start, best);
  };
  try_overhangs(0, 0);  // exact for numbers that were packed by putting the extremes at the ends of the range
  for (const float below : overhangs) {
    for (const float above : overhangs) try_overhangs(below, above);
  }
  return descend(lanes, rules, best.fit, kRounds);
}

}  // namespace adze::codecs
