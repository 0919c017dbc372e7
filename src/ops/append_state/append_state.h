// Stores the rows of a batch behind each sequence's history in a state.
// state [heads, head_dim], rows [T, heads * head_dim] f32, batch, effect -> effect
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op append_state;

}  // namespace adze::ops
