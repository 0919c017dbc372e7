// Standard ops that do not care in which order the axes of their tensors stand.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace adze::passes {

/// The inputs whose axes count: of a function of single numbers the first, of a sum, a product or a concatenation all
/// summands, factors and parts. The others must be one number each. Nothing for other ops.
std::optional<std::vector<size_t>> inputs_with_axes(const graph::Node& node);

}  // namespace adze::passes
