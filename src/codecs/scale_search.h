// Where to start looking for a block's scale, and how long: the search that all encoders share.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codecs/block_layouts.h"
#include "codecs/lane_fit.h"

namespace adze::codecs {

/// Tries to put each lane's number of largest magnitude at each of these codes (fractions too), then descends from the
/// best. The offset is zero.
LaneFit find_scales(const LaneBlocks& lanes, const FitRules& rules, std::span<const float> extreme_codes);

/// Where to put the smallest and the largest number, for codes from 0.
extern const std::array<Overhang, 28> kAllOverhangs;
inline constexpr size_t kNearOverhangs = 26;  // of them, which come first: no end lies far within
/// Enough for the K types while all numbers count about the same. With importance the outermost may hardly count.
extern const std::array<Overhang, 16> kFewOverhangs;

/// Tries to put the smallest and the largest number so far beyond the range, then descends from the best.
LaneFit find_scales_and_offsets(const LaneBlocks& lanes, const FitRules& rules, std::span<const Overhang> overhangs);

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
