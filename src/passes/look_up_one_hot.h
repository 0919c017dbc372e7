#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// MatMul(Cast(Equal(x, 0 … n-1)), rows), by which other frameworks choose rows of a matrix, becomes one node that
/// copies them.
bool look_up_one_hot(const PassContext& context);

}  // namespace adze::passes
