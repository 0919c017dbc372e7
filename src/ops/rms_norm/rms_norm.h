// out = x / sqrt(mean(x^2) + epsilon) * weight (Zhang and Sennrich 2019).
// x [T, F] f32, weight [F] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct RmsNormParameters {
  float epsilon;
};

extern const Op rms_norm;

}  // namespace adze::ops
