// The loops of lane_fit.h, written once for every vector width. Only + - * / and selections, lane by lane: no fused
// operations, no sums across lanes, so each width gives the same floats. Included by the file of each instruction
// set, so everything but the table's type has internal linkage.
#pragma once

#include <cstdint>

#include "codecs/lane_fit.h"

namespace adze::codecs {

struct LaneFitKernels {
  void (*measure)(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, FitSums& sums);
  void (*probe)(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, BestFit& best);
  void (*descend)(const LaneBlocks& lanes, const FitRules& rules, LaneFit& fit, int rounds);
  void (*codes)(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, uint8_t (*out)[kLanes]);
};

extern const LaneFitKernels kLaneFitAvx2;
extern const LaneFitKernels kLaneFitAvx512;

namespace {

/// Finds the nearest of uneven levels: one further for every threshold below the value.
template <int kWidth>
struct CountThresholds {
  typedef float Floats __attribute__((vector_size(kWidth * 4)));

  static Floats level(const LevelTable& table, const Floats& value) {
    Floats level = Floats{} + table.level[0];
    for (int i = 0; i < 15; ++i) {
      level += value > table.threshold[i] ? Floats{} + (table.level[i + 1] - table.level[i]) : Floats{};
    }
    return level;
  }

  static Floats index(const LevelTable& table, const Floats& value) {
    Floats index = {};
    for (int i = 0; i < 15; ++i) index += value > table.threshold[i] ? Floats{} + 1.0f : Floats{};
    return index;
  }
};

/// `Lookup` may be a faster way to the same levels.
template <int kWidth, typename Lookup = CountThresholds<kWidth>>
struct LaneKernel {
  typedef float Floats __attribute__((vector_size(kWidth * 4)));
  typedef int32_t Ints __attribute__((vector_size(kWidth * 4)));

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

  static Floats load(const float* from) {
    Floats value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(float* to, const Floats& value) { __builtin_memcpy(to, &value, sizeof value); }

  static Fit load_fit(const LaneFit& fit, int first) { return {load(fit.scale + first), load(fit.offset + first)}; }
  static void store_fit(LaneFit& to, int first, const Fit& fit) {
    store(to.scale + first, fit.scale);
    store(to.offset + first, fit.offset);
  }

  /// The nearest integer in the range, ties to even: 1.5 * 2^23 leaves no bits for a fraction.
  static Floats nearest(Floats value, const Floats& lowest, const Floats& highest) {
    value = value > lowest ? value : lowest;
    value = value < highest ? value : highest;
    return (value + 12582912.0f) - 12582912.0f;
  }

  struct IntegerCodes {
    Floats lowest;
    Floats highest;
    Floats operator()(const Floats& value) const { return nearest(value, lowest, highest); }
  };

  struct LevelCodes {
    const LevelTable& table;
    Floats operator()(const Floats& value) const { return Lookup::level(table, value); }
  };

  static Floats inverse_or_zero(const Floats& scale) {
    const Floats magnitude = scale < Floats{} ? -scale : scale;
    const Ints usable = magnitude > Floats{} + 1e-30f;
    const Floats divisor = usable ? scale : Floats{} + 1.0f;
    return usable ? 1.0f / divisor : Floats{};
  }

  /// nearest_f16() for every lane.
  static Floats nearest_f16(const Floats& value) {
    const Ints bits = reinterpret_cast<Ints>(value);
    const Ints sign = bits & INT32_MIN;
    const Ints magnitude = bits & INT32_MAX;
    const Ints rounded = (magnitude + 0xFFF + (magnitude >> 13 & 1)) & ~0x1FFF;
    const Ints largest = sign - sign + 0x477FE000;
    const Ints finite = rounded < largest ? rounded : largest;
    const Floats subnormal = (reinterpret_cast<Floats>(magnitude) + 0.5f) - 0.5f;
    return reinterpret_cast<Floats>((magnitude < 0x38800000 ? reinterpret_cast<Ints>(subnormal) : finite) | sign);
  }

  static Sums measure_fit(const LaneBlocks& lanes, CodeRange range, int first, const Fit& fit) {
    if (range.levels) return measure_codes(lanes, LevelCodes{*range.levels}, first, fit);
    return measure_codes(lanes, IntegerCodes{Floats{} + range.lowest, Floats{} + range.highest}, first, fit);
  }

  template <typename Codes>
  static Sums measure_codes(const LaneBlocks& lanes, const Codes& nearest_code, int first, const Fit& fit) {
    const Floats inverse = inverse_or_zero(fit.scale);
    Sums sums;
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats x = load(lanes.x[i] + first);
      const Floats w = load(lanes.w[i] + first);
      const Floats c = nearest_code((x - fit.offset) * inverse);
      const Floats r = x - (fit.scale * c + fit.offset);
      const Floats wr = w * r;
      const Floats wc = w * c;
      sums.error += wr * r;
      sums.residual += wr;
      sums.residual_code += wr * c;
      sums.code += wc;
      sums.code_code += wc * c;
    }
    return sums;
  }

  /// The step to the least-squares scale and offset for the codes behind `sums`; zero where there is no unique optimum.
  static Fit least_squares_step(const Floats& weight, OffsetRule rule, const Sums& sums, const Fit& fit) {
    const Floats determinant = weight * sums.code_code - sums.code * sums.code;
    const Ints solvable = determinant > 1e-6f * weight * sums.code_code;
    const Floats divisor = solvable ? determinant : Floats{} + 1.0f;
    const Floats scale_step = (weight * sums.residual_code - sums.code * sums.residual) / divisor;
    const Floats offset_step = (sums.code_code * sums.residual - sums.code * sums.residual_code) / divisor;
    const Fit free = {solvable ? scale_step : Floats{}, solvable ? offset_step : Floats{}};
    if (rule == OffsetRule::free) return free;

    const Ints no_scale = sums.code_code <= Floats{} + 1e-30f;
    const Floats codes = no_scale ? Floats{} + 1.0f : sums.code_code;
    const Floats alone = (sums.residual_code + fit.offset * sums.code) / codes;
    const Fit without_offset = {no_scale ? Floats{} : alone, -fit.offset};
    if (rule == OffsetRule::none) return without_offset;
    const Ints above = fit.offset + free.offset > Floats{};
    return {above ? without_offset.scale : free.scale, above ? without_offset.offset : free.offset};
  }

  /// What the same codes would leave over after the step.
  static Floats error_after(const Floats& weight, const Sums& sums, const Fit& step) {
    const Floats first_order = step.scale * sums.residual_code + step.offset * sums.residual;
    const Floats second_order = step.scale * step.scale * sums.code_code + 2.0f * step.scale * step.offset * sums.code +
                                step.offset * step.offset * weight;
    return sums.error - 2.0f * first_order + second_order;
  }

  static void measure(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, FitSums& out) {
    for (int first = 0; first < kLanes; first += kWidth) {
      const Sums sums = measure_fit(lanes, range, first, load_fit(fit, first));
      store(out.error + first, sums.error);
      store(out.residual + first, sums.residual);
      store(out.residual_code + first, sums.residual_code);
      store(out.code + first, sums.code);
      store(out.code_code + first, sums.code_code);
    }
  }

  static void probe(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, BestFit& best) {
    for (int first = 0; first < kLanes; first += kWidth) {
      const Floats weight = load(lanes.weight + first);
      const Fit fit = load_fit(start, first);
      const Sums sums = measure_fit(lanes, rules.range, first, fit);
      const Fit step = least_squares_step(weight, rules.offset, sums, fit);
      const Floats error = error_after(weight, sums, step);
      const Floats old_error = load(best.error + first);
      const Fit old = load_fit(best.fit, first);
      const Ints better = error < old_error;
      store(best.error + first, better ? error : old_error);
      store_fit(best.fit, first,
                {better ? fit.scale + step.scale : old.scale, better ? fit.offset + step.offset : old.offset});
    }
  }

  static void descend(const LaneBlocks& lanes, const FitRules& rules, LaneFit& fit, int rounds) {
    for (int first = 0; first < kLanes; first += kWidth) {
      store_fit(fit, first, descend_from(lanes, rules, first, load_fit(fit, first), rounds));
    }
  }

  static Fit descend_from(const LaneBlocks& lanes, const FitRules& rules, int first, Fit fit, int rounds) {
    const Floats weight = load(lanes.weight + first);
    Fit best = {};
    Floats best_error = Floats{} + __builtin_inff();
    for (int round = 0; round < rounds; ++round) {
      if (rules.f16_scales) fit = {nearest_f16(fit.scale), nearest_f16(fit.offset)};
      const Sums sums = measure_fit(lanes, rules.range, first, fit);
      const Ints better = sums.error < best_error;
      best = {better ? fit.scale : best.scale, better ? fit.offset : best.offset};
      best_error = better ? sums.error : best_error;
      const Fit step = least_squares_step(weight, rules.offset, sums, fit);
      fit = {fit.scale + step.scale, fit.offset + step.offset};
    }
    return best;
  }

  static void codes(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, uint8_t (*out)[kLanes]) {
    for (int first = 0; first < kLanes; first += kWidth) {
      const Floats offset = load(fit.offset + first);
      const Floats inverse = inverse_or_zero(load(fit.scale + first));
      for (int i = 0; i < lanes.elements; ++i) {
        const Floats scaled = (load(lanes.x[i] + first) - offset) * inverse;
        float shifted[kWidth];
        store(shifted, range.levels
                           ? Lookup::index(*range.levels, scaled)
                           : nearest(scaled, Floats{} + range.lowest, Floats{} + range.highest) - range.lowest);
        for (int lane = 0; lane < kWidth; ++lane) out[i][first + lane] = static_cast<uint8_t>(shifted[lane]);
      }
    }
  }

  static constexpr LaneFitKernels table() { return {measure, probe, descend, codes}; }
};

}  // namespace
}  // namespace adze::codecs
