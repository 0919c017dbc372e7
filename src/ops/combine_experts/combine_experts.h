// out[t] = sum over k of weights[t][k] * x[t * used + k]: what the experts of a row have made.
// x [T * used, F] f32, weights [T, used] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op combine_experts;

}  // namespace adze::ops
