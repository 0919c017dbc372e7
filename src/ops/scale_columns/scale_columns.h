// out = x * factors + bias: a factor for each column.
// x [T, F] f32, factors [F] f32, bias [F] f32 (optional) -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op scale_columns;

}  // namespace adze::ops
