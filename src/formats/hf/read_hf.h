#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// True for a folder with config.json and safetensors.
bool is_hf_folder(const std::string& path);

/// Reads a Hugging Face folder into canonical names; weights that the architecture's table does not have keep theirs.
model::Model read_hf(const std::string& path, const ReadOptions& options = {});

}  // namespace adze::formats
