// SwiGLU of clamped numbers: with g = min(gate, limit) and u = up clamped to [-limit, limit],
// out = g / (1 + e^(-slope g)) * (u + 1).
// gate [T, F] f32, up [T, F] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

/// Attributes limit and slope.
extern const Op clamped_swiglu;

}  // namespace adze::ops
