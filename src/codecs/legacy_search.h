// The scale (and offset) search shared by the types whose 32 numbers have one f16 scale: Q4_0 to Q8_0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "codecs/block_layouts.h"
#include "codecs/lane_fit.h"

namespace adze::codecs {

struct SymmetricSearch {
  CodeRange range;
  std::span<const float> extreme_codes;  // codes, fractions too, that the number of largest magnitude is first put at
  int rounds;                            // least-squares steps from each of them
};

struct AffineSearch {
  CodeRange range;
  std::span<const float> spans;  // codes between the smallest and the largest number, to start from
  int rounds;
};

/// The best f16 scale of each lane, offset zero.
LaneFit find_scales(const LaneBlocks& lanes, const SymmetricSearch& search);

/// The best f16 scale and f16 offset of each lane.
LaneFit find_scales_and_offsets(const LaneBlocks& lanes, const AffineSearch& search);

/// Runs `write(lanes, blocks, first_block)` over groups of sixteen blocks of `count` numbers.
template <typename Write>
void for_each_lane_group(const float* values, const float* importance, int64_t count, const Write& write) {
  const int64_t blocks = count / kBlockElements;
  LaneBlocks lanes;
  for (int64_t first = 0; first < blocks; first += kLanes) {
    const int in_group = static_cast<int>(blocks - first < kLanes ? blocks - first : kLanes);
    const int64_t at = first * kBlockElements;
    load_lanes(values + at, importance ? importance + at : nullptr, kBlockElements, in_group, lanes);
    write(lanes, in_group, first);
  }
}

}  // namespace adze::codecs
