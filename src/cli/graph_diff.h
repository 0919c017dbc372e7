// `adze diff` for two models of graph formats.
#pragma once

#include <string>

#include "cli/console.h"
#include "cli/graph_inputs.h"

namespace adze::cli {

struct GraphDiffRequest {
  std::string first, second;
  GraphInputArguments inputs;
  double tolerance = 0;  // of outputs, relative to the largest number of each
  bool run = true;
  int64_t threads = 0;
  bool json = false;
};

/// Ops, weights by name, and what both compute of the same inputs. Whether the models are equal.
bool diff_graph_models(const GraphDiffRequest& request, Console& console);

}  // namespace adze::cli
