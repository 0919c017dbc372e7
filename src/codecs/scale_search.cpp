#include "codecs/scale_search.h"

#include <array>
#include <iterator>

#include "codecs/lane_kernels.h"

namespace adze::codecs {
namespace {

Trials trials_of(std::span<const float> values) { return {values.data(), static_cast<int>(values.size())}; }

constexpr float kSides[] = {-0.7f, -0.3f, 0.1f, 0.5f, 1.0f};
constexpr size_t kSideCount = std::size(kSides);

/// Nothing, which is exact for numbers that were packed by putting the extremes at the ends of the range; every pair of
/// sides; one end far within.
constexpr std::array<Overhang, 28> all_overhangs() {
  std::array<Overhang, 28> pairs{};
  for (size_t i = 0; i < kSideCount * kSideCount; ++i) pairs[1 + i] = {kSides[i / kSideCount], kSides[i % kSideCount]};
  pairs[26] = {-1.5f, 0.2f};
  pairs[27] = {0.2f, -1.5f};
  return pairs;
}

}  // namespace

constinit const std::array<Overhang, 28> kAllOverhangs = all_overhangs();

// Found by letting sixteen places wander while the errors of Q2_K, Q4_K and Q5_K fell, on five distributions.
constinit const std::array<Overhang, 16> kFewOverhangs = {{{-0.68f, -0.89f},
                                                           {-0.7f, -0.25f},
                                                           {-0.62f, -0.11f},
                                                           {-1.47f, 0.94f},
                                                           {-0.25f, -0.73f},
                                                           {-0.42f, -0.19f},
                                                           {-0.25f, 0.15f},
                                                           {-0.17f, 0.56f},
                                                           {0.15f, -0.7f},
                                                           {0.15f, -0.25f},
                                                           {0.15f, 0.15f},
                                                           {0.15f, 0.55f},
                                                           {0.39f, -0.74f},
                                                           {0.55f, -0.25f},
                                                           {0.55f, 0.15f},
                                                           {0.53f, 0.38f}}};
;

LaneFit find_scales(const LaneBlocks& lanes, const FitRules& rules, std::span<const float> extreme_codes) {
  LaneFit fit;
  lane_kernels().find_scales(lanes, rules, trials_of(extreme_codes), fit);
  return fit;
}

LaneFit find_scales_and_offsets(const LaneBlocks& lanes, const FitRules& rules, std::span<const Overhang> overhangs) {
  LaneFit fit;
  lane_kernels().find_scales_and_offsets(lanes, rules, {overhangs.data(), static_cast<int>(overhangs.size())}, fit);
  return fit;
}

}  // namespace adze::codecs
