// Folders with a language model as OpenVINO's IR, laid out as optimum-intel does.
#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// The model keeps its history itself (ReadValue, Assign). Error(unsupported) naming the node and its op for what has
/// no form in the IR.
void write_openvino(const model::Model& model, const std::string& path, const WriteOptions& options = {});

}  // namespace adze::formats
