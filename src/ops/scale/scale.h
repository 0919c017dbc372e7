// out = x * factor
// x [T, F] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct ScaleParameters {
  float factor;
};

extern const Op scale;

}  // namespace adze::ops
