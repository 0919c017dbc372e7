// The part of the verifier that proves one total order of reads and writes for every state; the rule is at verify().
#pragma once

#include "graph/graph.h"
#include "graph/problem_list.h"

namespace adze::graph {

/// REQUIRES: ids are in range and sub-graphs are not null nor nested deeper than kMaxSubgraphDepth.
void check_effect_order(const Graph& graph, ProblemList& problems);

}  // namespace adze::graph
