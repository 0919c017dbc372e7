// The recurrence of a selective state space with one decay for each head (Dao and Gu 2024, Mamba 2). For head h, with
// d = softplus(step + step_bias) and inputs x, weights B and readout C of the token (a group of heads shares B and C):
//   state = e^(d decay) state + d B x^T,  y = C state + skip x
// A sequence's state is [heads][states][head_dim].
// mixed [T, heads * head_dim + 2 * groups * states] f32 (x, B, C), steps [T, heads] f32, step_bias [heads],
// decay [heads, 1], skip [heads, 1], state [heads, states * head_dim] f32, batch, effect -> [T, heads * head_dim] f32,
// effect
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct SelectiveScanParameters {
  int64_t groups;
  int64_t states;
};

extern const Op selective_scan;

}  // namespace adze::ops
