#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// A folder with genai_config.json, model.onnx and config.json.
bool is_ort_genai(const std::string& path);

/// The settings of config.json and the weights of model.onnx, with the same codes and scales; names are canonical, as
/// Adze writes them.
model::Model read_ort_genai(const std::string& path, const ReadOptions& options);

}  // namespace adze::formats
