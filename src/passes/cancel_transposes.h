#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// Transposes move behind functions of single numbers that alone use them, and behind sums and products of values that
/// are transposed alike; one behind another becomes one, and none where it changes nothing.
bool cancel_transposes(const PassContext& context);

}  // namespace adze::passes
