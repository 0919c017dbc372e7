// The settings of a folder that ONNX Runtime GenAI's model builder wrote without config.json, from genai_config.json
// and what its graph computes.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "formats/onnx/onnx_model.h"
#include "model/tensor.h"

namespace adze::formats {

/// What generation_config.json would say.
Json builder_generation(const Json& genai);

/// `weights`: under the names of the graph. Error(unsupported) saying what a config.json beside the graph would have to
/// tell, for classes whose settings the graph does not show.
/// As Hugging Face has them.
Json builder_config(const Json& genai, const OnnxModel& onnx, const std::vector<model::Tensor>& weights);

}  // namespace adze::formats
