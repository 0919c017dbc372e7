// Nodes that a pass puts into a sub-graph.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace adze::passes {

/// An input of the body like a value of the graph; nothing is said about its shape.
graph::ValueId add_body_input(graph::Graph& body, const graph::Value& value);

/// The node with its attributes over `inputs` of the body; its one result is named like `value`.
graph::ValueId add_body_node(graph::Graph& body, const graph::Node& node, const graph::Value& value,
                             std::vector<graph::ValueId> inputs);

}  // namespace adze::passes
