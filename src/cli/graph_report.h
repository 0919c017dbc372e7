// `adze inspect` for models of graph formats.
#pragma once

#include "cli/console.h"
#include "formats/onnx/import_onnx.h"
#include "model/model.h"

namespace adze::cli {

struct GraphReportOptions {
  bool tensors = false;
  bool graph = false;
  bool json = false;
};

void report_graph_model(const std::string& path, const GraphReportOptions& options, Console& console);

}  // namespace adze::cli
