// Nearest codes and what they leave over, for every vector width (lane_vectors.h).
#pragma once

#include <cstdint>

#include "codecs/lane_fit.h"
#include "codecs/lane_vectors.h"

namespace adze::codecs {
namespace {

/// Finds the nearest of uneven levels: one further for every threshold below the value.
template <int kWidth>
struct CountThresholds {
  using Floats = typename LaneVectors<kWidth>::Floats;

  explicit CountThresholds(const LevelTable& levels) : table(levels) {}

  Floats level(const Floats& value) const {
    Floats level = Floats{} + table.level[0];
    for (int i = 0; i < 15; ++i) {
      level += value > table.threshold[i] ? Floats{} + (table.level[i + 1] - table.level[i]) : Floats{};
    }
    return level;
  }

  Floats index(const Floats& value) const {
    Floats index = {};
    for (int i = 0; i < 15; ++i) index += value > table.threshold[i] ? Floats{} + 1.0f : Floats{};
    return index;
  }

  const LevelTable& table;
};

/// `Lookup` may be a faster way to the same levels.
template <int kVectorWidth, typename Lookup = CountThresholds<kVectorWidth>>
struct LaneFitKernel : LaneVectors<kVectorWidth> {
  using Vectors = LaneVectors<kVectorWidth>;
  using typename Vectors::Floats;
  using typename Vectors::Ints;
  using Vectors::all;
  using Vectors::kWidth;
  using Vectors::load;
  using Vectors::store;

  struct Fit {
    Floats scale;
    Floats offset;
  };

  /// As FitSums.
  struct Sums {
    Floats error = {};
    Floats residual = {};
    Floats residual_code = {};
    Floats code = {};
    Floats code_code = {};
  };

  static Fit load_fit(const LaneFit& fit, int first) { return {load(fit.scale + first), load(fit.offset + first)}; }
  static void store_fit(LaneFit& to, int first, const Fit& fit) {
    store(to.scale + first, fit.scale);
    store(to.offset + first, fit.offset);
  }

  struct IntegerCodes {
    explicit IntegerCodes(CodeRange range) : lowest(all(range.lowest)), highest(all(range.highest)) {}
    Floats operator()(const Floats& value) const {
      return Vectors::rounded(Vectors::lesser(Vectors::greater(value, lowest), highest));
    }
    Floats index(const Floats& value) const { return (*this)(value)-lowest; }
    Floats lowest;
    Floats highest;
  };

  struct LevelCodes {
    explicit LevelCodes(CodeRange range) : lookup(*range.levels) {}
    Floats operator()(const Floats& value) const { return lookup.level(value); }
    Floats index(const Floats& value) const { return lookup.index(value); }
    Lookup lookup;
  };

  /// Calls `work(codes)` with what finds the nearest codes of the range.
  template <typename Work>
  static void with_codes(CodeRange range, const Work& work) {
    if (range.levels) return work(LevelCodes(range));
    work(IntegerCodes(range));
  }

  template <bool kOffset, typename Codes>
  static Sums measure_codes(const LaneBlocks& lanes, const Codes& nearest_code, int first, const Fit& fit) {
    const Floats inverse = Vectors::inverse_or_zero(fit.scale);
    Sums sums;
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats x = load(lanes.x[i] + first);
      const Floats w = load(lanes.w[i] + first);
      const Floats above = kOffset ? x - fit.offset : x;
      const Floats c = nearest_code(above * inverse);
      const Floats r = above - fit.scale * c;
      const Floats wr = w * r;
      const Floats wc = w * c;
      sums.error += wr * r;
      sums.residual_code += wr * c;
      sums.code_code += wc * c;
      if constexpr (kOffset) {
        sums.residual += wr;
        sums.code += wc;
      }
    }
    return sums;
  }

  /// What `kCount` fits leave over, and without kErrorAlone also the weighted sums of it.
  template <int kCount, bool kOffset, bool kErrorAlone, typename Codes>
  static void measure_fits(const LaneBlocks& lanes, const Codes& nearest_code, int first, const Fit (&fits)[kCount],
                           Floats (&errors)[kCount], Floats (&residuals)[kCount]) {
    Floats inverse[kCount];
    for (int k = 0; k < kCount; ++k) {
      inverse[k] = Vectors::inverse_or_zero(fits[k].scale);
      errors[k] = residuals[k] = Floats{};
    }
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats x = load(lanes.x[i] + first);
      const Floats w = load(lanes.w[i] + first);
#pragma GCC unroll 4
      for (int k = 0; k < kCount; ++k) {
        const Floats above = kOffset ? x - fits[k].offset : x;
        const Floats r = above - fits[k].scale * nearest_code(above * inverse[k]);
        const Floats wr = w * r;
        errors[k] += wr * r;
        if constexpr (!kErrorAlone) residuals[k] += wr;
      }
    }
  }

  /// The step to the least-squares scale and offset for the codes behind `sums`; zero where there is no unique optimum.
  static Fit least_squares_step(const Floats& weight, OffsetRule rule, const Sums& sums, const Fit& fit) {
    const Ints no_scale = sums.code_code <= all(kSmallestDivisor);
    const Floats codes = no_scale ? all(1.0f) : sums.code_code;
    const Floats alone = (sums.residual_code + fit.offset * sums.code) / codes;
    const Fit without_offset = {no_scale ? Floats{} : alone, -fit.offset};
    if (rule == OffsetRule::none) return without_offset;

    const Floats determinant = weight * sums.code_code - sums.code * sums.code;
    const Ints solvable = determinant > 1e-6f * weight * sums.code_code;
    const Floats inverse = 1.0f / (solvable ? determinant : all(1.0f));
    const Floats scale_step = (weight * sums.residual_code - sums.code * sums.residual) * inverse;
    const Floats offset_step = (sums.code_code * sums.residual - sums.code * sums.residual_code) * inverse;
    const Fit free = {solvable ? scale_step : Floats{}, solvable ? offset_step : Floats{}};
    if (rule == OffsetRule::free) return free;
    const Ints above = fit.offset + free.offset > Floats{};
    return {above ? without_offset.scale : free.scale, above ? without_offset.offset : free.offset};
  }

  static void measure(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, FitSums& out) {
    with_codes(range, [&](const auto& codes) {
      for (int first = 0; first < kLanes; first += kWidth) {
        const Sums sums = measure_codes<true>(lanes, codes, first, load_fit(fit, first));
        store(out.error + first, sums.error);
        store(out.residual + first, sums.residual);
        store(out.residual_code + first, sums.residual_code);
        store(out.code + first, sums.code);
        store(out.code_code + first, sums.code_code);
      }
    });
  }

  static void descend(const LaneBlocks& lanes, const FitRules& rules, LaneFit& fit, int rounds) {
    with_codes(rules.range, [&](const auto& codes) {
      for (int first = 0; first < kLanes; first += kWidth) {
        const Fit start = load_fit(fit, first);
        store_fit(fit, first,
                  rules.offset == OffsetRule::none ? descend_from<false>(lanes, rules, codes, first, start, rounds)
                                                   : descend_from<true>(lanes, rules, codes, first, start, rounds));
      }
    });
  }

  template <bool kOffset, typename Codes>
  static Fit descend_from(const LaneBlocks& lanes, const FitRules& rules, const Codes& codes, int first, Fit fit,
                          int rounds) {
    const Floats weight = load(lanes.weight + first);
    Fit best = {};
    Floats best_error = all(__builtin_inff());
    for (int round = 0; round < rounds; ++round) {
      if (rules.f16_scales) fit = {Vectors::nearest_f16(fit.scale), Vectors::nearest_f16(fit.offset)};
      if (rules.bf16_scales) fit = {Vectors::nearest_bf16(fit.scale), Vectors::nearest_bf16(fit.offset)};
      const Sums sums = measure_codes<kOffset>(lanes, codes, first, fit);
      const Ints better = sums.error < best_error;
      best = {better ? fit.scale : best.scale, better ? fit.offset : best.offset};
      best_error = better ? sums.error : best_error;
      const Fit step = least_squares_step(weight, rules.offset, sums, fit);
      fit = {fit.scale + step.scale, fit.offset + step.offset};
    }
    return best;
  }

  /// Four codes of a lane at a time: bits above the fraction of 1.5 * 2^23 + code are the code.
  static void codes(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, uint8_t* out) {
    with_codes(range, [&](const auto& nearest_code) {
      for (int first = 0; first < kLanes; first += kWidth) {
        const Floats offset = load(fit.offset + first);
        const Floats inverse = Vectors::inverse_or_zero(load(fit.scale + first));
        for (int i = 0; i < lanes.elements; i += 4) {
          Ints four = {};
#pragma GCC unroll 4
          for (int k = 0; k < 4; ++k) {
            const Floats index = nearest_code.index((load(lanes.x[i + k] + first) - offset) * inverse) + 12582912.0f;
            four |= (reinterpret_cast<Ints>(index) & 255) << (8 * k);
          }
          alignas(64) uint32_t words[kWidth];
          __builtin_memcpy(words, &four, sizeof words);
          for (int lane = 0; lane < kWidth; ++lane) {
            __builtin_memcpy(out + (first + lane) * lanes.elements + i, words + lane, 4);
          }
        }
      }
    });
  }
};

}  // namespace
}  // namespace adze::codecs
