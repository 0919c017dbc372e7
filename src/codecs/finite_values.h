// One block of numbers and weights as encoders want them: finite, and weights that cannot overflow a sum.
#pragma once

#include <algorithm>

#include "codecs/lane_fit.h"

namespace adze::codecs {

template <int kElements>
struct FiniteBlock {
  float x[kElements];  // magnitude at most kMaxMagnitude
  float w[kElements];  // in [0, 1], not all zero

  /// `importance` may be null: all weights are 1.
  FiniteBlock(const float* values, const float* importance) {
    float largest = 0;
    for (int i = 0; i < kElements; ++i) {
      x[i] = finite_value(values[i]);
      w[i] = importance ? finite_weight(importance[i]) : 1.0f;
      largest = std::max(largest, w[i]);
    }
    const float inverse = largest > 1e-30f ? 1.0f / largest : 0.0f;
    for (float& weight : w) weight = inverse > 0 ? weight * inverse : 1.0f;
  }
};

}  // namespace adze::codecs
