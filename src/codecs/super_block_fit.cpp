#include "codecs/super_block_fit.h"

#include <array>
#include <iterator>
#include <span>

#include "codecs/lane_kernels.h"
#include "codecs/scale_search.h"

namespace adze::codecs {
namespace {

/// Exactly the products that the decoder forms.
LaneFit decoded_fit(const Levels& levels) {
  LaneFit fit;
  for (int lane = 0; lane < kLanes; ++lane) {
    fit.scale[lane] = levels.scale[lane] * levels.group_scale[lane];
    fit.offset[lane] = -(levels.minimum[lane] * levels.group_minimum[lane]);
  }
  return fit;
}

Levels search_levels(const LaneBlocks& lanes, const LevelRules& rules, const LaneFit& wanted,
                     std::span<const float> extreme_codes) {
  Levels levels;
  const Trials trials{extreme_codes.data(), static_cast<int>(extreme_codes.size())};
  lane_kernels().search_levels(lanes, rules, wanted, trials, levels);
  return levels;
}

std::span<const Overhang> overhangs_for(const AffineLayout& layout) {
  if (!layout.weighted) return kFewOverhangs;
  const bool coarse = layout.highest_code < 63;  // such minima cannot follow ends that lie far within
  return std::span(kAllOverhangs).first(coarse ? kNearOverhangs : kAllOverhangs.size());
}

}  // namespace

AffineSuperBlocks fit_affine_super_blocks(const LaneBlocks& lanes, const AffineLayout& layout) {
  const std::array extreme_codes = {layout.highest_code};
  const FitRules free{layout.codes, OffsetRule::never_positive, false};
  const LaneFit wanted = find_scales_and_offsets(lanes, free, overhangs_for(layout));
  const int rounds = layout.highest_code >= 63 ? 1 : layout.weighted ? 3 : 2;  // coarse scales need more
  const LevelRules rules{layout.codes, {0, layout.highest_code}, layout.highest_code, layout.groups, rounds};
  const Levels levels = search_levels(lanes, rules, wanted, extreme_codes);
  AffineSuperBlocks blocks;
  for (int lane = 0; lane < kLanes; ++lane) {
    blocks.scale[lane / 8] = levels.scale[lane];
    blocks.minimum[lane / 8] = levels.minimum[lane];
    blocks.group_scale[lane] = static_cast<uint8_t>(levels.group_scale[lane]);
    blocks.group_minimum[lane] = static_cast<uint8_t>(levels.group_minimum[lane]);
  }
  blocks.fit = decoded_fit(levels);
  return blocks;
}

SignedSuperBlocks fit_signed_super_blocks(const LaneBlocks& lanes, const SignedLayout& layout) {
  const CodeRange range = layout.codes, group_scales = layout.group_scales;
  // Coarse scales and codes gain from more than one scale of the super-block, and from repetition: more where numbers
  // differ in weight.
  const bool few_codes = group_scales.highest < 64 && !range.levels;
  constexpr float kScalesOfFewCodes[] = {1.0f, 0.94f, 0.88f, 0.82f};
  float extreme_codes[2 * std::size(kScalesOfFewCodes)];
  size_t count = 0;
  for (const float place : std::span(kScalesOfFewCodes).first(!few_codes ? 1 : layout.weighted ? 4 : 2)) {
    extreme_codes[count++] = group_scales.lowest * place;
    extreme_codes[count++] = group_scales.highest * place;
  }
  const LaneFit wanted = find_scales(lanes, {range, OffsetRule::none, false}, layout.places);
  const LevelRules rules{range, group_scales, 0, layout.groups, !few_codes ? 1 : layout.weighted ? 3 : 2};
  const Levels levels = search_levels(lanes, rules, wanted, {extreme_codes, count});
  SignedSuperBlocks blocks;
  for (int lane = 0; lane < kLanes; ++lane) {
    blocks.scale[lane / 8] = levels.scale[lane];
    blocks.group_scale[lane] = static_cast<int8_t>(levels.group_scale[lane]);
  }
  blocks.fit = decoded_fit(levels);
  return blocks;
}

}  // namespace adze::codecs
