#include "codecs/lane_fit.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/cpu_features.h"
#include "codecs/lane_kernel_table.h"

namespace adze::codecs {
namespace {

LaneKernels choose_kernels() {
  if constexpr (kIsX86) {
    if (isa_includes(active_isa(), Isa::avx512)) return kLanesAvx512;
    if (isa_includes(active_isa(), Isa::avx2)) return kLanesAvx2;
  }
  return lane_kernel_table<4>();
}

}  // namespace

const LaneKernels& lane_kernels() {
  static const LaneKernels chosen = choose_kernels();
  return chosen;
}

float finite_value(float value) {
  if (!(value == value)) return 0.0f;
  return std::clamp(value, -kMaxMagnitude, kMaxMagnitude);
}

float finite_weight(float weight) { return weight > 0.0f ? std::min(weight, kMaxWeight) : 0.0f; }

void load_lanes(const float* values, const float* importance, int elements, int blocks, LaneBlocks& lanes) {
  lanes.elements = elements;
  float padded[2][kLanes * kMaxLaneElements];
  if (blocks < kLanes) {
    const auto pad = [&](const float* from, float* to) {
      std::fill(std::copy_n(from, blocks * elements, to), to + kLanes * elements, 0.0f);
      return to;
    };
    values = pad(values, padded[0]);
    if (importance) importance = pad(importance, padded[1]);
  }
  lane_kernels().load(values, elements, lanes.x);
  if (importance) lane_kernels().load_weights(importance, elements, lanes.w);
}

void set_equal_weights(LaneBlocks& lanes) {
  for (int i = 0; i < lanes.elements; ++i) std::fill_n(lanes.w[i], kLanes, 1.0f);
  std::fill_n(lanes.weight, kLanes, static_cast<float>(lanes.elements));
}

void normalize_weights(LaneBlocks& lanes, int lanes_together) { lane_kernels().normalize(lanes, lanes_together); }

void set_magnitude_weights(LaneBlocks& lanes, int lanes_together) {
  lane_kernels().magnitude_weights(lanes, lanes_together);
}

FitSums measure_fit(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit) {
  FitSums sums;
  lane_kernels().measure(lanes, range, fit, sums);
  return sums;
}

LaneCodes nearest_codes(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit) {
  LaneCodes codes;
  lane_kernels().codes(lanes, range, fit, codes.code);
  return codes;
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

float nearest_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  return std::bit_cast<float>((bits + 0x7FFFu + (bits >> 16 & 1u)) & 0xFFFF0000u);
}

LaneFit descend(const LaneBlocks& lanes, const FitRules& rules, const LaneFit& start, int rounds) {
  LaneFit fit = start;
  lane_kernels().descend(lanes, rules, fit, rounds);
  return fit;
}

}  // namespace adze::codecs
