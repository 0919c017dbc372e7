// `adze run` for models of graph formats: named tensors in, named tensors out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/console.h"

namespace adze::cli {

struct GraphRunArguments {
  std::vector<std::string> inputs;   // NAME=FILE[,OPTION=VALUE]
  std::vector<std::string> outputs;  // NAME=FILE.npy

  void declare(Arguments& arguments);
  bool any() const { return !inputs.empty() || !outputs.empty(); }
};

/// As messages call them.
inline constexpr std::string_view kGraphModels = "models of graph formats";

/// A file that is run by its own graph and not by an architecture.
bool is_graph_model(const std::string& path);

void run_graph_model(const std::string& path, const GraphRunArguments& arguments, int64_t threads, bool json,
                     Console& console);

}  // namespace adze::cli
