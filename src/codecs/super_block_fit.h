// Fits the two levels of scales of the K types: groups of numbers have small integer scales, which a super-block of
// 256 numbers multiplies by one f16.
#pragma once

#include <cstdint>

#include "codecs/lane_fit.h"

namespace adze::codecs {

/// Two super-blocks of eight groups of 32 (Q4_K, Q5_K): lanes 0-7 and 8-15.
/// Lane l decodes as (scale * group_scale) * code - (minimum * group_minimum).
struct AffineSuperBlocks {
  float scale[2];                 // f16 values
  float minimum[2];               // f16 values
  uint8_t group_scale[kLanes];    // 0..63
  uint8_t group_minimum[kLanes];  // 0..63
  LaneFit fit;                    // what the decoder will use
};
AffineSuperBlocks fit_affine_super_blocks(const LaneBlocks& lanes, CodeRange range);

/// One super-block of sixteen groups of 16 (Q6_K): lane l decodes as (scale * group_scale) * code.
struct SignedSuperBlock {
  float scale;  // f16 value
  int8_t group_scale[kLanes];
  LaneFit fit;
};
SignedSuperBlock fit_signed_super_block(const LaneBlocks& lanes, CodeRange range);

/// How the K types weight errors when no importance is given: numbers of large magnitude count a little more.
void set_magnitude_weights(LaneBlocks& lanes);

}  // namespace adze::codecs
