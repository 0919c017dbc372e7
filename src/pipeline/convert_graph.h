// The verb convert for models that carry their computation: the graph in another graph format.
#pragma once

#include <cstdint>
#include <string>

#include "base/progress.h"

namespace adze::pipeline {

struct GraphConversion {
  std::string source_format, target_format;
  int64_t nodes = 0;         // of standard ops, those of sub-graphs too
  int64_t weight_bytes = 0;  // read
  double seconds = 0;
};

/// Whether the source is a model of a graph format and so is the target: by the name of the format, or where that is
/// empty by the target's.
bool is_graph_conversion(const std::string& source, const std::string& target, const std::string& format);

/// Error(unsupported) for a format that cannot be written, and naming what it has no form for. REQUIRES:
/// is_graph_conversion.
GraphConversion convert_graph(const std::string& source, const std::string& target, const std::string& format,
                              Progress& progress);

}  // namespace adze::pipeline
