#pragma once

#include "ops/op.h"

namespace adze::ops {

/// Scores, softmax and sums in double; any storage of keys and values.
void attention_reference(const KernelCall& call, const Team& team);

}  // namespace adze::ops
