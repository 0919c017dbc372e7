// out = x / sqrt(mean(x^2) + epsilon) * weight (Zhang and Sennrich 2019), of each of `groups` parts of a row.
// x [T, F] f32, weight [F / groups] or [groups, F / groups] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct RmsNormParameters {
  float epsilon;
  int64_t groups;
};

extern const Op rms_norm;

}  // namespace adze::ops
