// `adze inspect` for models of graph formats.
#pragma once

#include "cli/console.h"

namespace adze::cli {

struct GraphReportOptions {
  bool tensors = false;
  bool graph = false;
  bool json = false;
};

void report_graph_model(const std::string& path, const GraphReportOptions& options, Console& console);

}  // namespace adze::cli
