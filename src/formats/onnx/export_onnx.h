// Graph over standard ops -> OnnxModel: the reverse of import_onnx.
#pragma once

#include <string>

#include "formats/format.h"
#include "formats/onnx/onnx_model.h"
#include "formats/standard_graph.h"
#include "graph/graph.h"
#include "model/model.h"

namespace adze::formats {

/// Of the newest opset that is known here. Tensors of the graph's weights stay where they are, its properties become
/// metadata_props. What the importer made
/// of older operators takes ONNX's newest form again. Error(unsupported) naming a node that ONNX cannot hold.
OnnxModel export_onnx(const StandardGraph& graph);

/// Where many numbers of OUT.onnx lie: OUT.onnx.data.
std::string onnx_data_beside(const std::string& path);

/// export_onnx, written to a file that appears complete or not at all. More than 1 GiB of weights lie in
/// `<path>.data` beside it: Error(bad_input) where that is there, but no `path`. A path that does not end in .onnx is a
/// folder with a model.onnx.
void write_onnx_graph(const StandardGraph& graph, const std::string& path, const WriteOptions& options);

}  // namespace adze::formats
