// Searches the two levels of scales of the K types, for every vector width (lane_vectors.h).
#pragma once

#include <cstdint>

#include "codecs/lane_fit_kernel.h"
#include "codecs/lane_kernels.h"

namespace adze::codecs {
namespace {

float within(float value, float lowest, float highest) {
  const float above = value > lowest ? value : lowest;
  return above < highest ? above : highest;
}
float nearest_within(float value, float lowest, float highest) {
  return (within(value, lowest, highest) + 12582912.0f) - 12582912.0f;
}
float divide_or_zero(float value, float divisor) { return divisor != 0.0f ? value / divisor : 0.0f; }
float magnitude_of(float value) { return __builtin_fabsf(value); }

/// One value per lane.
struct alignas(64) LaneFloats {
  float value[kLanes];
};

template <typename Kernel, typename Codes, bool kMinima>
class LevelSearch {
 public:
  using Floats = typename Kernel::Floats;
  using Fit = typename Kernel::Fit;

  LevelSearch(const LaneBlocks& lanes, const LevelRules& rules, const Codes& codes)
      : lanes_(lanes), rules_(rules), codes_(codes) {
    for (int lane = 0; lane < kLanes; ++lane) {
      error_.value[lane] = __builtin_inff();
      inverse_weight_.value[lane] = divide_or_zero(1.0f, lanes.weight[lane]);
    }
  }

  void run(const LaneFit& wanted, Trials extreme_codes, Levels& levels) {
    for (int at = 0; at < extreme_codes.count; at += 2) {
      const int next = at + 1 < extreme_codes.count ? at + 1 : at;
      const Levels candidates[2] = {first_levels(wanted, extreme_codes.values[at]),
                                    first_levels(wanted, extreme_codes.values[next])};
      try_super_blocks(candidates);
    }
    for (int round = 0; round < rules_.rounds; ++round) {
      improve_groups();
      improve_super_scales();
    }
    levels = best_;
  }

 private:
  template <int kCount>
  struct Measured {
    LaneFloats error[kCount];
    LaneFloats residual[kCount];
  };

  /// Exactly the products that the decoder forms.
  static Fit decoded_fit(const Levels& levels, int first) {
    return {Kernel::load(levels.scale + first) * Kernel::load(levels.group_scale + first),
            -(Kernel::load(levels.minimum + first) * Kernel::load(levels.group_minimum + first))};
  }

  template <int kCount, bool kErrorAlone>
  Measured<kCount> measured(const Levels (&candidates)[kCount]) const {
    Measured<kCount> out;
    for (int first = 0; first < kLanes; first += Kernel::kWidth) {
      Fit fits[kCount];
      Floats errors[kCount], residuals[kCount];
      for (int k = 0; k < kCount; ++k) fits[k] = decoded_fit(candidates[k], first);
      Kernel::template measure_fits<kCount, kMinima, kErrorAlone>(lanes_, codes_, first, fits, errors, residuals);
      for (int k = 0; k < kCount; ++k) {
        Kernel::store(out.error[k].value + first, errors[k]);
        Kernel::store(out.residual[k].value + first, residuals[k]);
      }
    }
    return out;
  }

  /// Lets the group of largest scale (by magnitude) have the code `extreme_code`, the largest minimum the highest.
  Levels first_levels(const LaneFit& wanted, float extreme_code) const {
    Levels levels{};
    const int size = rules_.lanes_per_super_block;
    for (int first = 0; first < kLanes; first += size) {
      float extreme = 0, lowest_offset = 0;
      for (int lane = first; lane < first + size; ++lane) {
        if (magnitude_of(wanted.scale[lane]) > magnitude_of(extreme)) extreme = wanted.scale[lane];
        if (wanted.offset[lane] < lowest_offset) lowest_offset = wanted.offset[lane];
      }
      set_super_scales(first, extreme / extreme_code, divide_or_zero(-lowest_offset, rules_.highest_minimum), levels);
      const float inverse_scale = divide_or_zero(1.0f, levels.scale[first]);
      const float inverse_minimum = divide_or_zero(1.0f, levels.minimum[first]);
      for (int lane = first; lane < first + size; ++lane) {
        levels.group_scale[lane] =
            nearest_within(wanted.scale[lane] * inverse_scale, rules_.group_scales.lowest, rules_.group_scales.highest);
        if (kMinima) {
          levels.group_minimum[lane] =
              nearest_within(-wanted.offset[lane] * inverse_minimum, 0, rules_.highest_minimum);
        }
      }
    }
    return levels;
  }

  void set_super_scales(int first, float scale, float minimum, Levels& levels) const {
    const float f16[2] = {rounded_to_f16(scale), rounded_to_f16(minimum)};
    for (int lane = first; lane < first + rules_.lanes_per_super_block; ++lane) {
      levels.scale[lane] = f16[0];
      levels.minimum[lane] = f16[1];
    }
  }

  static float rounded_to_f16(float value) {
    float lanes[Kernel::kWidth];
    Kernel::store(lanes, Kernel::nearest_f16(Kernel::all(value)));
    return lanes[0];
  }

  /// Takes over whole super-blocks whose error is smaller.
  template <int kCount>
  void try_super_blocks(const Levels (&candidates)[kCount]) {
    const auto sums = measured<kCount, true>(candidates);
    const int size = rules_.lanes_per_super_block;
    for (int k = 0; k < kCount; ++k) {
      for (int first = 0; first < kLanes; first += size) {
        float old_error = 0, new_error = 0;
        for (int lane = first; lane < first + size; ++lane) {
          old_error += error_.value[lane];
          new_error += sums.error[k].value[lane];
        }
        if (!(new_error < old_error)) continue;
        for (int lane = first; lane < first + size; ++lane) take(candidates[k], sums.error[k], lane, true);
      }
    }
  }

  void take(const Levels& candidate, const LaneFloats& error, int lane, bool better) {
    best_.scale[lane] = better ? candidate.scale[lane] : best_.scale[lane];
    best_.minimum[lane] = better ? candidate.minimum[lane] : best_.minimum[lane];
    best_.group_scale[lane] = better ? candidate.group_scale[lane] : best_.group_scale[lane];
    best_.group_minimum[lane] = better ? candidate.group_minimum[lane] : best_.group_minimum[lane];
    error_.value[lane] = better ? error.value[lane] : error_.value[lane];
  }

  void take_better_groups(const Levels& candidate, const LaneFloats& error) {
    for (int lane = 0; lane < kLanes; ++lane) take(candidate, error, lane, error.value[lane] < error_.value[lane]);
  }

  /// Moves each group's scale code by one, with the minimum that suits it, and keeps what is better.
  void improve_groups() {
    Levels candidates[3] = {best_, best_, best_};
    for (int lane = 0; lane < kLanes; ++lane) {
      const float code = best_.group_scale[lane];
      candidates[1].group_scale[lane] = within(code - 1, rules_.group_scales.lowest, rules_.group_scales.highest);
      candidates[2].group_scale[lane] = within(code + 1, rules_.group_scales.lowest, rules_.group_scales.highest);
    }
    const auto sums = measured<3, !kMinima>(candidates);
    for (int k = 0; k < 3; ++k) take_better_groups(candidates[k], sums.error[k]);
    if (!kMinima) return;
    for (int k = 0; k < 3; ++k) suit_minima(sums.residual[k], candidates[k]);
    const auto suited = measured<3, true>(candidates);
    for (int k = 0; k < 3; ++k) take_better_groups(candidates[k], suited.error[k]);
  }

  void suit_minima(const LaneFloats& residual, Levels& levels) const {
    LaneFloats inverse_minimum;
    for (int first = 0; first < kLanes; first += rules_.lanes_per_super_block) {
      const float inverse = divide_or_zero(1.0f, levels.minimum[first]);
      for (int lane = first; lane < first + rules_.lanes_per_super_block; ++lane) inverse_minimum.value[lane] = inverse;
    }
    for (int lane = 0; lane < kLanes; ++lane) {
      const float offset =
          residual.value[lane] * inverse_weight_.value[lane] - levels.minimum[lane] * levels.group_minimum[lane];
      levels.group_minimum[lane] = nearest_within(-offset * inverse_minimum.value[lane], 0, rules_.highest_minimum);
    }
  }

  /// Solves for the super-block's scale and minimum by least squares with all codes as they are.
  void improve_super_scales() {
    FitSums sums;
    for (int first = 0; first < kLanes; first += Kernel::kWidth) {
      const auto part = Kernel::template measure_codes<kMinima>(lanes_, codes_, first, decoded_fit(best_, first));
      Kernel::store(sums.residual + first, part.residual);
      Kernel::store(sums.residual_code + first, part.residual_code);
      Kernel::store(sums.code + first, part.code);
      Kernel::store(sums.code_code + first, part.code_code);
    }
    Levels candidate[1] = {best_};
    for (int first = 0; first < kLanes; first += rules_.lanes_per_super_block) refit(sums, first, candidate[0]);
    try_super_blocks(candidate);
  }

  /// Residuals are w (x - scale a + minimum b) with a = group_scale * code, b = group_minimum.
  void refit(const FitSums& sums, int first, Levels& levels) const {
    float aa = 0, ab = 0, bb = 0, ra = 0, rb = 0;
    for (int lane = first; lane < first + rules_.lanes_per_super_block; ++lane) {
      const float a = levels.group_scale[lane];
      const float b = levels.group_minimum[lane];
      aa += a * a * sums.code_code[lane];
      ra += a * sums.residual_code[lane];
      if (!kMinima) continue;
      ab += a * b * sums.code[lane];
      bb += b * b * lanes_.weight[lane];
      rb += b * sums.residual[lane];
    }
    const float determinant = aa * bb - ab * ab;
    const bool both = determinant > 1e-6f * aa * bb;
    const float scale_step = both ? (bb * ra - ab * rb) / determinant : divide_or_zero(ra, aa);
    const float minimum_step = both ? (ab * ra - aa * rb) / determinant : 0.0f;
    const float minimum = levels.minimum[first] + minimum_step;
    set_super_scales(first, levels.scale[first] + scale_step, minimum > 0 ? minimum : 0.0f, levels);
  }

  const LaneBlocks& lanes_;
  const LevelRules rules_;
  const Codes codes_;
  Levels best_{};
  LaneFloats error_;
  LaneFloats inverse_weight_;
};

template <typename Kernel>
void search_levels(const LaneBlocks& lanes, const LevelRules& rules, const LaneFit& wanted, Trials extreme_codes,
                   Levels& levels) {
  Kernel::with_codes(rules.codes, [&]<typename Codes>(const Codes& codes) {
    if (rules.highest_minimum > 0) {
      LevelSearch<Kernel, Codes, true>(lanes, rules, codes).run(wanted, extreme_codes, levels);
    } else {
      LevelSearch<Kernel, Codes, false>(lanes, rules, codes).run(wanted, extreme_codes, levels);
    }
  });
}

}  // namespace
}  // namespace adze::codecs
