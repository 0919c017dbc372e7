// A language model as an ONNX graph with its weights beside it.
#pragma once

#include <string>

#include "base/output_folder.h"
#include "formats/format.h"
#include "formats/graph_folder.h"
#include "formats/onnx_lowering/lowering.h"

namespace adze::formats {

inline constexpr std::string_view kOnnxDataFile = "model.onnx.data";

/// Writes both files and returns the histories that the graph has, keys and values of each layer in turn.
/// Error(unsupported) naming the node and its op for what has no form in ONNX.
std::vector<OnnxState> write_onnx_decoder(const model::Model& model, const OutputFolder& folder, OnnxDialect dialect,
                                          const WriteOptions& options);

}  // namespace adze::formats
