// The two loops over all elements, written once for every vector width. Only + - * / and selections, lane by lane:
// no fused operations, no sums across lanes, so each width gives the same floats.
#pragma once

#include <cstdint>
#include <cstring>

#include "codecs/lane_fit.h"

namespace adze::codecs {
namespace {

template <int kWidth>
struct LaneKernel {
  typedef float Floats __attribute__((vector_size(kWidth * 4)));

  static Floats load(const float* from) {
    Floats value;
    std::memcpy(&value, from, sizeof value);
    return value;
  }
  static void store(float* to, const Floats& value) { std::memcpy(to, &value, sizeof value); }

  /// The nearest integer in the range, ties to even: 1.5 * 2^23 leaves no bits for a fraction.
  static Floats nearest(Floats value, const Floats& lowest, const Floats& highest) {
    value = value > lowest ? value : lowest;
    value = value < highest ? value : highest;
    return (value + 12582912.0f) - 12582912.0f;
  }

  static Floats inverse_or_zero(const Floats& scale) {
    const Floats zero = {};
    const Floats magnitude = scale < zero ? -scale : scale;
    const Floats divisor = magnitude > zero + 1e-30f ? scale : zero + 1.0f;
    return magnitude > zero + 1e-30f ? 1.0f / divisor : zero;
  }

  static void measure(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, int first, FitSums& sums) {
    const Floats zero = {};
    const Floats lowest = zero + range.lowest;
    const Floats highest = zero + range.highest;
    const Floats scale = load(fit.scale + first);
    const Floats offset = load(fit.offset + first);
    const Floats inverse = inverse_or_zero(scale);
    Floats error = zero, residual = zero, residual_code = zero, code = zero, code_code = zero;
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats x = load(lanes.x[i] + first);
      const Floats w = load(lanes.w[i] + first);
      const Floats c = nearest((x - offset) * inverse, lowest, highest);
      const Floats r = x - (scale * c + offset);
      const Floats wr = w * r;
      const Floats wc = w * c;
      error += wr * r;
      residual += wr;
      residual_code += wr * c;
      code += wc;
      code_code += wc * c;
    }
    store(sums.error + first, error);
    store(sums.residual + first, residual);
    store(sums.residual_code + first, residual_code);
    store(sums.code + first, code);
    store(sums.code_code + first, code_code);
  }

  static void codes(const LaneBlocks& lanes, CodeRange range, const LaneFit& fit, int first, uint8_t (*out)[kLanes]) {
    const Floats zero = {};
    const Floats offset = load(fit.offset + first);
    const Floats inverse = inverse_or_zero(load(fit.scale + first));
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats c =
          nearest((load(lanes.x[i] + first) - offset) * inverse, zero + range.lowest, zero + range.highest);
      float shifted[kWidth];
      store(shifted, c - range.lowest);
      for (int lane = 0; lane < kWidth; ++lane) out[i][first + lane] = static_cast<uint8_t>(shifted[lane]);
    }
  }
};

}  // namespace
}  // namespace adze::codecs
