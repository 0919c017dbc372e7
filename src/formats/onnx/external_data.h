// Tensors of an ONNX model that lie in other files.
#pragma once

#include <string>

#include "formats/onnx/onnx_model.h"

namespace adze::formats {

/// Maps them, wherever a tensor says so. Error(bad_input) for a location outside the model's folder or a range outside
/// the file, Error(not_found) for a file that is not there; each names the tensor.
void map_external_data(OnnxModel& model, const std::string& model_path);

}  // namespace adze::formats
