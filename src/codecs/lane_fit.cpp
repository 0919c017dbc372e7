#include "codecs/lane_fit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "codecs/lane_fit_kernel.h"

namespace adze::codecs {
namespace {

using Kernel = LaneKernel<4>;

float finite_value(float value) {
  if (!(value == value)) return 0.0f;
  return std::clamp(value, -kMaxMagnitude, kMaxMagnitude);
}

float finite_weight(float weight) { return weight > 0.0f ? std::min(weight, 1e30f) : 0.0f; }

/// Error after changing scale and offset by these steps without changing a code.
float error_after(const FitSums& sums, float weight, int lane, float scale_step, float offset_step) {
  const float first_order = scale_step * sums.residual_code[lane] + offset_step * sums.residual[lane];
  const float second_order = scale_step * scale_step * sums.code_code[lane] +
                             2.0f * scale_step * offset_step * sums.code[lane] + offset_step * offset_step * weight;
  return sums.error[lane] - 2.0f * first_order + second_order;
}

/// Moves to the least-squares scale and offset for the codes behind `sums` (and stays where there is no unique
/// optimum). `error` becomes what these codes would then leave over.
void refit(const LaneBlocks& lanes, OffsetRule rule, const FitSums& sums, LaneFit& fit, float (&error)[kLanes]) {
  for (int lane = 0; lane < kLanes; ++lane) {
    const float weight = lanes.weight[lane];
    const float cc = sums.code_code[lane];
    const float c = sums.code[lane];
    const float rc = sums.residual_code[lane];
    const float r = sums.residual[lane];
    const float determinant = weight * cc - c * c;
    const bool solvable = determinant > 1e-6f * weight * cc;
    const float divisor = solvable ? determinant : 1.0f;
    float scale_step = solvable ? (weight * rc - c * r) / divisor : 0.0f;
    float offset_step = solvable ? (cc * r - c * rc) / divisor : 0.0f;
    const bool above = fit.offset[lane] + offset_step > 0.0f;
    if (rule == OffsetRule::none || (rule == OffsetRule::never_positive && above)) {
      offset_step = -fit.offset[lane];
      scale_step = cc > 1e-30f ? (rc - offset_step * c) / cc : 0.0f;
    }
    fit.scale[lane] += scale_step;
    fit.offset[lane] += offset_step;
    error[lane] = error_after(sums, weight, lane, scale_step, offset_step);
  }
}

void round_scales_to_f16(LaneFit& fit) {
  for (int lane = 0; lane < kLanes; ++lane) {
    fit.scale[lane] = nearest_f16(fit.scale[lane]);
    fit.offset[lane] = nearest_f16(fit.offset[lane]);
  }
}

}  // namespace

void load_lanes(const float* values, const float* importance, int elements, int blocks, LaneBlocks& lanes) {
  lanes.elements = elements;
  for (int lane = 0; lane < kLanes; ++lane) {
    for (int i = 0; i < elements; ++i) {
      const int at = lane * elements + i;
      lanes.x[i][lane] = lane < blocks ? finite_value(values[at]) : 0.0f;
      lanes.w[i][lane] = lane < blocks && importance ? finite_weight(importance[at]) : 0.0f;
    }
  }
}

void set_equal_weights(LaneBlocks& lanes) {
  for (int i = 0; i < lanes.elements; ++i) std::fill_n(lanes.w[i], kLanes, 1.0f);
  std::fill_n(lanes.weight, kLanes, static_cast<float>(lanes.elements));
}

void normalize_weights(LaneBlocks& lanes, int lanes_together) {
  float largest[kLanes] = {};
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) largest[lane] = std::max(largest[lane], lanes.w[i][lane]);
  }
  for (int first = 0; first < kLanes; first += lanes_together) {
    const float most = *std::max_element(largest + first, largest + first + lanes_together);
    std::fill_n(largest + first, lanes_together, most);
  }
  std::fill_n(lanes.weight, kLanes, 0.0f);
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool usable = largest[lane] > 1e-30f;
      lanes.w[i][lane] = usable ? lanes.w[i][lane] / largest[lane] : 1.0f;
      lanes.weight[lane] += lanes.w[i][lane];
    }
  }
}

FitSums measure_fit(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit) {
  FitSums sums;
  for (int first = 0; first < kLanes; first += 4) Kernel::measure(lanes, range, fit, first, sums);
  return sums;
}

void nearest_codes(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, uint8_t (*codes)[kLanes]) {
  for (int first = 0; first < kLanes; first += 4) Kernel::codes(lanes, range, fit, first, codes);
}

float nearest_f16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = bits & 0x80000000u;
  const uint32_t magnitude = bits & 0x7FFFFFFFu;
  const uint32_t rounded = (magnitude + 0xFFFu + (magnitude >> 13 & 1u)) & ~0x1FFFu;
  // Below 2^-14 the step is 2^-24, which is the step of floats in [0.5, 1).
  const float subnormal = (std::bit_cast<float>(magnitude) + 0.5f) - 0.5f;
  const float finite = magnitude < 0x38800000u ? subnormal : std::bit_cast<float>(std::min(rounded, 0x477FE000u));
  return std::bit_cast<float>(std::bit_cast<uint32_t>(finite) | sign);
}

BestFit::BestFit() : fit{} { std::fill_n(error, kLanes, std::numeric_limits<float>::infinity()); }

void take_better(const LaneFit& candidate, const float (&error)[kLanes], BestFit& best) {
  for (int lane = 0; lane < kLanes; ++lane) {
    const bool better = error[lane] < best.error[lane];
    best.fit.scale[lane] = better ? candidate.scale[lane] : best.fit.scale[lane];
    best.fit.offset[lane] = better ? candidate.offset[lane] : best.fit.offset[lane];
    best.error[lane] = better ? error[lane] : best.error[lane];
  }
}

void probe(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, BestFit& best) {
  LaneFit fit = start;
  float error[kLanes];
  refit(lanes, rules.offset, measure_fit(lanes, rules.range, start), fit, error);
  take_better(fit, error, best);
}

LaneFit descend(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, int rounds) {
  LaneFit fit = start;
  BestFit best;
  for (int round = 0; round < rounds; ++round) {
    if (rules.f16_scales) round_scales_to_f16(fit);
    const FitSums sums = measure_fit(lanes, rules.range, fit);
    take_better(fit, sums.error, best);
    float predicted[kLanes];
    refit(lanes, rules.offset, sums, fit, predicted);
  }
  return best.fit;
}

}  // namespace adze::codecs
