// Where to start looking for a block's scale, and how long: the search that all encoders share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "codecs/block_layouts.h"
#include "codecs/lane_fit.h"

namespace adze::codecs {

/// Tries to put each lane's number of largest magnitude at each of these codes (fractions too), then descends from the
/// best. The offset is zero.
LaneFit find_scales(const LaneBlocks& lanes, const FitRules& rules, std::span<const float> extreme_codes);

/// Tries to put the smallest number at -a below and the largest at b above the range of codes, for all pairs a, b of
/// `overhangs` (in codes, negative is within the range), then descends from the best.
LaneFit find_scales_and_offsets(const LaneBlocks& lanes, const FitRules& rules, std::span<const float> overhangs);

/// Runs `write(lanes, lanes_used, first_lane)` over groups of sixteen times `elements` of `count` numbers.
template <typename Write>
void for_each_lane_group(const float* values, const float* importance, int64_t count, int elements,
                         const Write& write) {
  const int64_t blocks = count / elements;
  LaneBlocks lanes;
  for (int64_t first = 0; first < blocks; first += kLanes) {
    const int used = static_cast<int>(blocks - first < kLanes ? blocks - first : kLanes);
    const int64_t at = first * elements;
    load_lanes(values + at, importance ? importance + at : nullptr, elements, used, lanes);
    write(lanes, used, first);
  }
}

}  // namespace adze::codecs
