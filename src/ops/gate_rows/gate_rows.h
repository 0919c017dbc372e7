// out = x * sigmoid(gate): a row is let through as far as its gate says.
// x [T, F] f32, gate [T, 1] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op gate_rows;

}  // namespace adze::ops
