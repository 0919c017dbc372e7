// `adze bench` and `adze explain` for models of graph formats.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/graph_inputs.h"

namespace adze::cli {

struct GraphBenchRequest {
  std::string path;
  GraphInputArguments inputs;
  std::vector<int64_t> threads;
  int64_t rounds = 5;
  bool json = false;
};
void bench_graph_model(const GraphBenchRequest& request, Console& console);

struct GraphExplainRequest {
  std::string path;
  GraphInputArguments inputs;
  int64_t threads = 0;
  bool all = false;   // every node on a line of its own
  bool time = false;  // run it
  bool json = false;
};
void explain_graph_model(const GraphExplainRequest& request, Console& console);

}  // namespace adze::cli
