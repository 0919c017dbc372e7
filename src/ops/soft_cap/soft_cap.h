// out = cap * tanh(x / cap): values stay within (-cap, cap).
// x [T, F] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct SoftCapParameters {
  float cap;
};

extern const Op soft_cap;

}  // namespace adze::ops
