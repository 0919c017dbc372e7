#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// Computes nodes over standard ops whose inputs are all known, and the shapes of values whose dimensions are
/// constants. Stays: what computes an output of the graph, has sub-graphs or texts, fails (it will say so in its
/// place), or whose results would take much more room than its inputs; and DequantizeLinear, because weights are stored
/// so.
bool fold_constants(const PassContext& context);

}  // namespace adze::passes
