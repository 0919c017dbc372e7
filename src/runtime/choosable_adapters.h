// Adapters among which every sequence of a batch chooses: their low-rank products beside the model's own, row by row.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "model/adapter.h"
#include "ops/op.h"

namespace adze::runtime {

/// Error(unsupported) that names the tensor where an adapter changes what sequences cannot have each in their own way:
/// whole tensors, lengths of rows (DoRA), looked up rows, experts.
void require_choosable(const model::Adapter& adapter);

/// The same choice in one form: by rising number, without what has no strength. Throws Error(bad_input) for numbers
/// that are not below `count` or come twice, and strengths that are not finite.
std::vector<ops::AdapterUse> checked_choice(std::span<const ops::AdapterUse> choice, int64_t count);

/// Adds nodes behind the products with changed weights, and the matrices that they read to `model`, as floats. Adapters
/// are known by their place in the list. REQUIRES: check_adapter() and require_choosable() were passed by each.
/// Error(unsupported) for a change of a weight that the graph uses otherwise.
void add_choosable_adapters(graph::Graph& graph, model::Model& model,
                            std::span<const std::shared_ptr<const model::Adapter>> adapters);

}  // namespace adze::runtime
