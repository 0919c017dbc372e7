#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// A folder with genai_config.json and model.onnx.
bool is_ort_genai(const std::string& path);

/// The settings of config.json and the weights of model.onnx, with the same codes and scales. Weights are called as
/// Adze calls them, or as ONNX Runtime GenAI's model builder does; where there is no config.json, settings follow from
/// genai_config.json and the graph, or Error(unsupported) says which one does not.
model::Model read_ort_genai(const std::string& path, const ReadOptions& options);

}  // namespace adze::formats
