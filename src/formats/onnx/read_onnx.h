// An ONNX file as a Model: its tensors and what it says about itself. The computation is read_onnx_graph()'s.
#pragma once

#include <string>
#include <vector>

#include "formats/format.h"
#include "formats/graph_format.h"

namespace adze::formats {

/// Opsets, IR version, producer.
std::vector<GraphFact> onnx_facts(const std::string& path);

model::Model read_onnx(const std::string& path, const ReadOptions& options);

}  // namespace adze::formats
