// Fits the two levels of scales of the K types: groups of numbers have small integer scales, which a super-block of
// 256 numbers multiplies by one f16.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "codecs/lane_fit.h"

namespace adze::codecs {

/// How a type with minima stores its groups.
struct AffineLayout {
  CodeRange codes;
  int groups;          // per super-block: 8 (of 32 numbers) or 16 (of 16); sixteen lanes hold two super-blocks or one
  float highest_code;  // of group scales and group minima, which start at 0
  bool weighted;       // by importance
};

/// Lane l decodes as (scale * group_scale) * code - (minimum * group_minimum), scale and minimum being those of its
/// super-block l / groups.
struct AffineSuperBlocks {
  float scale[2];    // f16 values
  float minimum[2];  // f16 values
  uint8_t group_scale[kLanes];
  uint8_t group_minimum[kLanes];
  LaneFit fit;  // what the decoder will use
};
AffineSuperBlocks fit_affine_super_blocks(const LaneBlocks& lanes, const AffineLayout& layout);

/// How a type without minima stores its groups.
struct SignedLayout {
  CodeRange codes;
  int groups;                     // per super-block: 8 or 16
  CodeRange group_scales;         // integers
  bool weighted;                  // by importance
  std::span<const float> places;  // where the number of largest magnitude of a group may come to lie
};

/// Eleven places about the lowest code, and the same with the other sign.
constexpr std::array<float, 22> places_about(float lowest, float first, float step) {
  std::array<float, 22> places{};
  for (size_t i = 0; i < places.size(); i += 2) {
    places[i] = lowest * (first - step * static_cast<float>(i / 2));
    places[i + 1] = -places[i];
  }
  return places;
}

/// Lane l decodes as (scale * group_scale) * code, scale being that of its super-block l / groups.
struct SignedSuperBlocks {
  float scale[2];  // f16 values
  int8_t group_scale[kLanes];
  LaneFit fit;
};
SignedSuperBlocks fit_signed_super_blocks(const LaneBlocks& lanes, const SignedLayout& layout);

}  // namespace adze::codecs
