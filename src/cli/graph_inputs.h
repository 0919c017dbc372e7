// Inputs of a graph for `adze bench`, `explain` and `diff`: from files, or made up of a size.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "graph/graph.h"
#include "ops/standard/host_value.h"

namespace adze::cli {

struct GraphInputArguments {
  std::vector<std::string> inputs;  // NAME=FILE[,OPTION=VALUE]
  std::vector<std::string> dims;    // NAME=N

  void declare(Arguments& arguments);
  bool any() const { return !inputs.empty() || !dims.empty(); }
};

/// A value for every input: that of its file, else numbers from -1 to 1 that are the same each time (integers 0 or 1).
/// Error(bad_input) naming a dimension that has no size.
std::map<std::string, ops::HostValue> graph_inputs(const graph::Graph& graph, const GraphInputArguments& arguments);

}  // namespace adze::cli
