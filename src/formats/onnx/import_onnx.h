// OnnxModel -> Graph over standard ops, and the tensors that it names as weights.
#pragma once

#include <string>

#include "formats/onnx/onnx_model.h"
#include "formats/standard_graph.h"

namespace adze::formats {

using ImportedGraph = StandardGraph;

/// Small initializers become constants of the graph, large ones weights. Functions are put in place of their calls,
/// operators are brought into their newest form. The graph is verified. Error(bad_input) for values that nothing
/// computes before they are used (cycles, missing initializers), Error(unsupported) listing the operators that are
/// unknown.
ImportedGraph import_onnx(const OnnxModel& model, const std::string& where);

/// read_onnx_model and import_onnx.
ImportedGraph read_onnx_graph(const std::string& path);

}  // namespace adze::formats
