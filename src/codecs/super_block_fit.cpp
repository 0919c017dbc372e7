#include "codecs/super_block_fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "codecs/scale_search.h"

namespace adze::codecs {
namespace {

/// Both levels of scales of sixteen groups. Values of a super-block are repeated in each of its lanes.
struct Levels {
  float scale[kLanes];
  float minimum[kLanes];
  float group_scale[kLanes];    // integers
  float group_minimum[kLanes];  // integers
};

/// What the levels may be.
struct LevelRules {
  CodeRange codes;
  CodeRange group_scales;
  float highest_minimum;  // 0: the type has none
  int lanes_per_super_block;
  int rounds;  // of refining groups and super-block in turn
};

float nearest_within(float value, float lowest, float highest) {
  return (std::clamp(value, lowest, highest) + 12582912.0f) - 12582912.0f;
}

float divide_or_zero(float value, float divisor) { return divisor != 0.0f ? value / divisor : 0.0f; }

/// Exactly the products that the decoder forms.
LaneFit decoded_fit(const Levels& levels) {
  LaneFit fit;
  for (int lane = 0; lane < kLanes; ++lane) {
    fit.scale[lane] = levels.scale[lane] * levels.group_scale[lane];
    fit.offset[lane] = -(levels.minimum[lane] * levels.group_minimum[lane]);
  }
  return fit;
}

void round_groups(const LaneFit& wanted, const LevelRules& rules, Levels& levels) {
  for (int lane = 0; lane < kLanes; ++lane) {
    const float scale = divide_or_zero(wanted.scale[lane], levels.scale[lane]);
    const float minimum = divide_or_zero(-wanted.offset[lane], levels.minimum[lane]);
    levels.group_scale[lane] = nearest_within(scale, rules.group_scales.lowest, rules.group_scales.highest);
    levels.group_minimum[lane] = nearest_within(minimum, 0, rules.highest_minimum);
  }
}

/// Lets the group of largest scale (by magnitude) have the code `extreme_code`, the largest minimum the highest.
Levels first_levels(const LaneFit& wanted, const LevelRules& rules, float extreme_code) {
  Levels levels{};
  for (int first = 0; first < kLanes; first += rules.lanes_per_super_block) {
    float extreme = 0, lowest_offset = 0;
    for (int lane = first; lane < first + rules.lanes_per_super_block; ++lane) {
      if (std::fabs(wanted.scale[lane]) > std::fabs(extreme)) extreme = wanted.scale[lane];
      lowest_offset = std::min(lowest_offset, wanted.offset[lane]);
    }
    const float scale = nearest_f16(extreme / extreme_code);
    const float minimum = nearest_f16(divide_or_zero(-lowest_offset, rules.highest_minimum));
    std::fill_n(levels.scale + first, rules.lanes_per_super_block, scale);
    std::fill_n(levels.minimum + first, rules.lanes_per_super_block, minimum);
  }
  round_groups(wanted, rules, levels);
  return levels;
}

class LevelSearch {
 public:
  LevelSearch(const LaneBlocks& lanes, const LevelRules& rules) : lanes_(lanes), rules_(rules) {
    std::fill_n(error_, kLanes, std::numeric_limits<float>::infinity());
  }

  const Levels& best() const { return best_; }

  /// Takes over whole super-blocks whose error is smaller.
  void try_super_blocks(const Levels& candidate) {
    const FitSums sums = measure_fit(lanes_, rules_.codes, decoded_fit(candidate));
    const int size = rules_.lanes_per_super_block;
    for (int first = 0; first < kLanes; first += size) {
      float old_error = 0, new_error = 0;
      for (int lane = first; lane < first + size; ++lane) {
        old_error += error_[lane];
        new_error += sums.error[lane];
      }
      if (!(new_error < old_error)) continue;
      for (int lane = first; lane < first + size; ++lane) take(candidate, sums, lane);
    }
  }

  /// Moves each group's scale code by one, with the minimum that suits it, and keeps what is better.
  void improve_groups() {
    const Levels base = best_;
    for (const float step : {0.0f, -1.0f, 1.0f}) {
      Levels candidate = base;
      for (float& code : candidate.group_scale) {
        code = std::clamp(code + step, rules_.group_scales.lowest, rules_.group_scales.highest);
      }
      const FitSums sums = try_groups(candidate);
      bool changed = false;
      for (int lane = 0; lane < kLanes; ++lane) {
        const float offset = divide_or_zero(sums.residual[lane], lanes_.weight[lane]) -
                             candidate.minimum[lane] * candidate.group_minimum[lane];
        const float code = nearest_within(divide_or_zero(-offset, candidate.minimum[lane]), 0, rules_.highest_minimum);
        changed |= code != candidate.group_minimum[lane];
        candidate.group_minimum[lane] = code;
      }
      if (changed) try_groups(candidate);
    }
  }

  /// Solves for the super-block's scale and minimum by least squares with all codes as they are.
  void improve_super_scales() {
    const FitSums sums = measure_fit(lanes_, rules_.codes, decoded_fit(best_));
    Levels candidate = best_;
    for (int first = 0; first < kLanes; first += rules_.lanes_per_super_block) refit(sums, first, candidate);
    try_super_blocks(candidate);
  }

 private:
  void take(const Levels& candidate, const FitSums& sums, int lane) {
    best_.scale[lane] = candidate.scale[lane];
    best_.minimum[lane] = candidate.minimum[lane];
    best_.group_scale[lane] = candidate.group_scale[lane];
    best_.group_minimum[lane] = candidate.group_minimum[lane];
    error_[lane] = sums.error[lane];
  }

  FitSums try_groups(const Levels& candidate) {
    const FitSums sums = measure_fit(lanes_, rules_.codes, decoded_fit(candidate));
    for (int lane = 0; lane < kLanes; ++lane) {
      if (sums.error[lane] < error_[lane]) take(candidate, sums, lane);
    }
    return sums;
  }

  /// Residuals are w (x - scale a + minimum b) with a = group_scale * code, b = group_minimum.
  void refit(const FitSums& sums, int first, Levels& levels) const {
    float aa = 0, ab = 0, bb = 0, ra = 0, rb = 0;
    for (int lane = first; lane < first + rules_.lanes_per_super_block; ++lane) {
      const float a = levels.group_scale[lane];
      const float b = levels.group_minimum[lane];
      aa += a * a * sums.code_code[lane];
      ab += a * b * sums.code[lane];
      bb += b * b * lanes_.weight[lane];
      ra += a * sums.residual_code[lane];
      rb += b * sums.residual[lane];
    }
    const float determinant = aa * bb - ab * ab;
    const bool both = determinant > 1e-6f * aa * bb;
    const float scale_step = both ? (bb * ra - ab * rb) / determinant : divide_or_zero(ra, aa);
    const float minimum_step = both ? (ab * ra - aa * rb) / determinant : 0.0f;
    const float scale = nearest_f16(levels.scale[first] + scale_step);
    const float minimum = nearest_f16(std::max(levels.minimum[first] + minimum_step, 0.0f));
    std::fill_n(levels.scale + first, rules_.lanes_per_super_block, scale);
    std::fill_n(levels.minimum + first, rules_.lanes_per_super_block, minimum);
  }

  const LaneBlocks& lanes_;
  const LevelRules rules_;
  Levels best_{};
  float error_[kLanes];
};

Levels search_levels(const LaneBlocks& lanes, const LevelRules& rules, const LaneFit& wanted,
                     std::span<const float> extreme_codes) {
  LevelSearch search(lanes, rules);
  for (const float code : extreme_codes) search.try_super_blocks(first_levels(wanted, rules, code));
  for (int round = 0; round < rules.rounds; ++round) {
    search.improve_groups();
    search.improve_super_scales();
  }
  return search.best();
}

}  // namespace

void set_magnitude_weights(LaneBlocks& lanes) {
  float power[kLanes] = {};
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) power[lane] += lanes.x[i][lane] * lanes.x[i][lane];
  }
  float typical[kLanes];
  for (int lane = 0; lane < kLanes; ++lane) typical[lane] = std::sqrt(power[lane] / static_cast<float>(lanes.elements));
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) lanes.w[i][lane] = typical[lane] + std::fabs(lanes.x[i][lane]);
  }
}

AffineSuperBlocks fit_affine_super_blocks(const LaneBlocks& lanes, const AffineLayout& layout) {
  constexpr std::array kOverhangs = {-0.7f, -0.3f, 0.1f, 0.5f, 1.0f};
  const std::array extreme_codes = {layout.highest_code};
  const FitRules free{layout.codes, OffsetRule::never_positive, false};
  const LaneFit wanted = find_scales_and_offsets(lanes, free, kOverhangs);
  const int rounds = layout.highest_code < 63 ? 3 : 1;  // coarse scales need more
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
  const bool coarse = group_scales.highest < 64;
  // Where the number of largest magnitude may come to lie, relative to the lowest code: up to one code inside, and
  // outside when there are few codes.
  constexpr int kPlaces = 11;
  const float first_place = coarse ? 1.25f : 1.0625f;
  const float step = coarse ? 0.05f : 0.025f;
  std::array<float, 2 * kPlaces> starts;
  for (int i = 0; i < kPlaces; ++i) {
    starts[2 * i] = range.lowest * (first_place - step * static_cast<float>(i));
    starts[2 * i + 1] = -starts[2 * i];
  }
  // Coarse scales and codes gain from more than one scale of the super-block, and from repetition.
  const bool few_codes = coarse && !range.levels;
  std::vector<float> extreme_codes = {group_scales.lowest, group_scales.highest};
  if (few_codes) {
    for (const float place : {0.94f, 0.88f, 0.82f}) {
      extreme_codes.push_back(group_scales.lowest * place);
      extreme_codes.push_back(group_scales.highest * place);
    }
  }
  const LaneFit wanted = find_scales(lanes, {range, OffsetRule::none, false}, starts);
  const int rounds = few_codes ? 3 : 1;
  const Levels levels = search_levels(lanes, {range, group_scales, 0, layout.groups, rounds}, wanted, extreme_codes);
  SignedSuperBlocks blocks;
  for (int lane = 0; lane < kLanes; ++lane) {
    blocks.scale[lane / 8] = levels.scale[lane];
    blocks.group_scale[lane] = static_cast<int8_t>(levels.group_scale[lane]);
  }
  blocks.fit = decoded_fit(levels);
  return blocks;
}

}  // namespace adze::codecs
