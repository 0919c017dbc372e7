// out = a + b, element by element.
// a [T, F] f32, b [T, F] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op add;

}  // namespace adze::ops
