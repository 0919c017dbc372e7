#include "codecs/lane_fit.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "codecs/lane_fit_kernel.h"

namespace adze::codecs {
namespace {

using Kernel = LaneKernel<4>;

float finite_value(float value) {
  if (!(value == value)) return 0.0f;
  return std::clamp(value, -kMaxMagnitude, kMaxMagnitude);
}

float finite_weight(float weight) { return weight > 0.0f ? std::min(weight, 1e30f) : 0.0f; }

/// The least-squares scale and offset for the codes behind `sums`; the old ones where there is no unique optimum.
void refit(const LaneBlocks& lanes, const FitRules& rules, const FitSums& sums, LaneFit& fit) {
  float weight[kLanes] = {};
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) weight[lane] += lanes.w[i][lane];
  }
  for (int lane = 0; lane < kLanes; ++lane) {
    const float cc = sums.code_code[lane];
    const float c = sums.code[lane];
    const float rc = sums.residual_code[lane];
    const float r = sums.residual[lane];
    const float determinant = weight[lane] * cc - c * c;
    const bool solvable = determinant > 1e-6f * weight[lane] * cc && rules.offset != OffsetRule::none;
    const float divisor = solvable ? determinant : 1.0f;
    float scale = fit.scale[lane] + (solvable ? (weight[lane] * rc - c * r) / divisor : 0.0f);
    float offset = fit.offset[lane] + (solvable ? (cc * r - c * rc) / divisor : 0.0f);
    const bool fixed_offset = rules.offset == OffsetRule::none || (rules.offset != OffsetRule::free && offset > 0.0f);
    // With the offset held at zero: what the codes explained so far plus what the residual adds.
    const float xc = rc + fit.scale[lane] * cc + fit.offset[lane] * c;
    if (fixed_offset) {
      scale = cc > 1e-30f ? xc / cc : fit.scale[lane];
      offset = 0.0f;
    }
    fit.scale[lane] = scale;
    fit.offset[lane] = offset;
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
      lanes.w[i][lane] = lane < blocks && importance ? finite_weight(importance[at]) : 1.0f;
    }
  }
  if (importance) normalize_weights(lanes);
}

void normalize_weights(LaneBlocks& lanes) {
  float largest[kLanes] = {};
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) largest[lane] = std::max(largest[lane], lanes.w[i][lane]);
  }
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool usable = largest[lane] > 1e-30f;
      lanes.w[i][lane] = usable ? lanes.w[i][lane] / largest[lane] : 1.0f;
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

void descend(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, int rounds, LaneFit& best,
             float (&best_error)[kLanes]) {
  LaneFit fit = start;
  for (int round = 0; round < rounds; ++round) {
    if (rules.f16_scales) round_scales_to_f16(fit);
    const FitSums sums = measure_fit(lanes, rules.range, fit);
    for (int lane = 0; lane < kLanes; ++lane) {
      const bool better = sums.error[lane] < best_error[lane];
      best.scale[lane] = better ? fit.scale[lane] : best.scale[lane];
      best.offset[lane] = better ? fit.offset[lane] : best.offset[lane];
      best_error[lane] = better ? sums.error[lane] : best_error[lane];
    }
    if (round + 1 < rounds) refit(lanes, rules, sums, fit);
  }
}

}  // namespace adze::codecs
