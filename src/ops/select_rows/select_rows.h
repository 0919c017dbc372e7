// Keeps the rows whose logits are wanted.
// x [T, F] f32, batch -> [R, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op select_rows;

}  // namespace adze::ops
