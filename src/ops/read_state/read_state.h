// The history of each sequence in a state, after the append that produced `effect`.
// state [heads, head_dim], batch, effect -> history [?, heads, head_dim]
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op read_state;

}  // namespace adze::ops
