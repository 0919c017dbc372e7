// The few edits that passes are made of. Each leaves a graph that was valid valid again.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace adze::graph {

/// With sub-graphs of its own, so that changing one does not change the other.
Graph deep_copy(const Graph& graph);

/// Every use of a key of `replacements[id]` (by ValueId; kNoValue: keep) becomes a use of its value: in nodes, outputs
/// and captures of direct sub-graphs, where captures that become equal are merged. Chains are followed. REQUIRES: one
/// entry per value, no cycles.
void replace_uses(Graph& graph, const std::vector<ValueId>& replacements);

/// Removes the nodes marked in `removed` with their outputs, and renumbers the values that stay.
/// REQUIRES: nothing that stays uses an output of a removed node; one entry per node.
void remove_nodes(Graph& graph, const std::vector<bool>& removed);

/// Removes weights, constants and captured values that nothing in the graph uses, and renumbers; tells whether there
/// were any. Inputs and states stay: callers and the runtime rely on them.
bool remove_unused_values(Graph& graph);

}  // namespace adze::graph
