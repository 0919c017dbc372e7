#pragma once

#include "ops/op.h"

namespace adze::ops {

/// Scores, softmax and sums in double.
void self_attention_reference(const KernelCall& call, const Team& team);

}  // namespace adze::ops
