// An ONNX file as a Model: its tensors and what it says about itself. The computation is read_onnx_graph()'s.
#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

model::Model read_onnx(const std::string& path, const ReadOptions& options);

}  // namespace adze::formats
