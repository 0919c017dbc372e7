// genai_config.json: what ONNX Runtime GenAI asks about a model that its graph does not say.
#pragma once

#include <string>
#include <vector>

#include "formats/onnx_lowering/lowering.h"
#include "model/model.h"

namespace adze::formats {

/// `states`: keys and values of each layer in turn. Error(unsupported) where layers differ in heads or their width,
/// which are said once for all.
std::string genai_config_of(const model::Model& model, const std::vector<OnnxState>& states);

}  // namespace adze::formats
