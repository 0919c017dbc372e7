// out = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias (Ba et al. 2016), of each of `groups` parts of a
// row. x [T, F] f32, weight and bias (optional) [F / groups] or [groups, F / groups] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct LayerNormParameters {
  float epsilon;
  int64_t groups;
};

extern const Op layer_norm;

}  // namespace adze::ops
