// Folders of language models as IR, read back as models: weights are recognised by the layers that expand them.
#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// A folder with openvino_model.xml and config.json, or an IR file.
bool is_openvino(const std::string& path);

/// A folder: the settings of config.json; matrices of codes behind Convert, Subtract, Multiply and Reshape as members
/// of the family of group codecs, with the same codes and scales; matrices of floats. Names are canonical, as Adze
/// writes them, or those of the module that was exported (module_weights.h). A file: its constants (import_ir.h).
model::Model read_openvino(const std::string& path, const ReadOptions& options);

}  // namespace adze::formats
