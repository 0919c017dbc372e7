#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// Writes a new folder with config.json, safetensors and the tokenizer's files.
/// Error(unsupported) for an architecture or weight that has no Hugging Face name, or for packed tensors.
void write_hf(const model::Model& model, const std::string& path, const WriteOptions& options = {});

}  // namespace adze::formats
