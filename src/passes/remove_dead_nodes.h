#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// Removes nodes whose outputs nobody uses, then weights, constants and captures that nobody uses. Stays: whatever has
/// an effect output (a state may be read by a later call), whatever has no outputs, and nodes whose sub-graphs contain
/// such a node.
bool remove_dead_nodes(const PassContext& context);

}  // namespace adze::passes
