#include "codecs/lane_fit.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/cpu_features.h"
#include "codecs/lane_fit_kernel.h"

namespace adze::codecs {
namespace {

LaneFitKernels choose_kernels() {
  if constexpr (kIsX86) {
    if (isa_includes(active_isa(), Isa::avx512)) return kLaneFitAvx512;
    if (isa_includes(active_isa(), Isa::avx2)) return kLaneFitAvx2;
  }
  return LaneKernel<4>::table();
}

const LaneFitKernels& kernels() {
  static const LaneFitKernels chosen = choose_kernels();
  return chosen;
}

}  // namespace

float finite_value(float value) {
  if (!(value == value)) return 0.0f;
  return std::clamp(value, -kMaxMagnitude, kMaxMagnitude);
}

float finite_weight(float weight) { return weight > 0.0f ? std::min(weight, 1e30f) : 0.0f; }

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
  float inverse[kLanes];  // zero where the weights are of no use
  for (int first = 0; first < kLanes; first += lanes_together) {
    const float most = *std::max_element(largest + first, largest + first + lanes_together);
    std::fill_n(inverse + first, lanes_together, most > 1e-30f ? 1.0f / most : 0.0f);
  }
  std::fill_n(lanes.weight, kLanes, 0.0f);
  for (int i = 0; i < lanes.elements; ++i) {
    for (int lane = 0; lane < kLanes; ++lane) {
      lanes.w[i][lane] = inverse[lane] > 0.0f ? lanes.w[i][lane] * inverse[lane] : 1.0f;
      lanes.weight[lane] += lanes.w[i][lane];
    }
  }
}

FitSums measure_fit(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit) {
  FitSums sums;
  kernels().measure(lanes, range, fit, sums);
  return sums;
}

void nearest_codes(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, uint8_t (*codes)[kLanes]) {
  kernels().codes(lanes, range, fit, codes);
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

void probe(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, BestFit& best) {
  kernels().probe(lanes, rules, start, best);
}

LaneFit descend(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, int rounds) {
  LaneFit fit = start;
  kernels().descend(lanes, rules, fit, rounds);
  return fit;
}

}  // namespace adze::codecs
