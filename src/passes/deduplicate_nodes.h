#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// Two nodes with the same op, inputs, attributes, placement and output types compute the same: the later one is
/// removed. Stays: whatever has an effect output, a sub-graph or no outputs, and nodes that compute an output of the
/// graph, because outputs keep their names. Reads of a state are equal only with the same effect token.
bool deduplicate_nodes(const PassContext& context);

}  // namespace adze::passes
