#include "codecs/legacy_search.h"

#include <algorithm>
#include <cmath>

namespace adze::codecs {
namespace {

void forget(float (&errors)[kLanes]) { std::fill_n(errors, kLanes, std::numeric_limits<float>::infinity()); }

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

LaneFit find_scales(const LaneBlocks& lanes, const SymmetricSearch& search) {
  const FitRules rules{search.range, OffsetRule::none, true};
  float extreme[kLanes], error[kLanes];
  find_extremes(lanes, extreme);
  forget(error);
  LaneFit best{};
  for (const float code : search.extreme_codes) {
    LaneFit start{};
    for (int lane = 0; lane < kLanes; ++lane) start.scale[lane] = extreme[lane] / code;
    descend(lanes, rules, start, search.rounds, best, error);
  }
  return best;
}

LaneFit find_scales_and_offsets(const LaneBlocks& lanes, const AffineSearch& search) {
  const FitRules rules{search.range, OffsetRule::free, true};
  float smallest[kLanes], largest[kLanes], error[kLanes];
  find_limits(lanes, smallest, largest);
  forget(error);
  LaneFit best{};
  for (const float span : search.spans) {
    LaneFit start{};
    for (int lane = 0; lane < kLanes; ++lane) {
      start.scale[lane] = (largest[lane] - smallest[lane]) / span;
      // A span beyond the codes cuts off the same length at both ends.
      const float cut = (span - (search.range.highest - search.range.lowest)) / 2;
      start.offset[lane] = smallest[lane] + start.scale[lane] * cut;
    }
    descend(lanes, rules, start, search.rounds, best, error);
  }
  return best;
}

}  // namespace adze::codecs
