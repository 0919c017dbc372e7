// Each column convolved with its own kernel over the tokens of its sequence so far, then SiLU (Gu and Dao 2023). What a
// sequence keeps are its last inputs, oldest first.
// x [T, C] f32, weight [C, width], bias [C] f32 (optional), state [width - 1, C] f32, batch, effect -> [T, C] f32,
// effect
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op causal_convolution;

}  // namespace adze::ops
