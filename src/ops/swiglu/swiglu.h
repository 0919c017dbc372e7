// out = silu(gate) * up (Shazeer 2020).
// gate [T, F] f32, up [T, F] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op swiglu;

}  // namespace adze::ops
