#pragma once

#include "graph/graph.h"

namespace adze::runtime {

/// The same graph without the product that makes logits and what follows it: its output is the rows that go into that,
/// behind the last norm. Values keep their numbers. Error(unsupported) for a graph that does not end so.
graph::Graph graph_of_hidden_rows(const graph::Graph& graph);

}  // namespace adze::runtime
