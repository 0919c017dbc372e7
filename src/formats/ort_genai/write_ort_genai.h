// Folders of ONNX Runtime GenAI: model.onnx with its weights beside it, genai_config.json, and the tokenizer's files.
#pragma once

#include <span>
#include <string>

#include "formats/format.h"

namespace adze::formats {

/// Error(unsupported) naming the node and its op for what ONNX Runtime has no op for.
void write_ort_genai(const model::Model& model, const std::string& path, const WriteOptions& options = {});

/// What MatMulNBits and GatherBlockQuantized take.
std::span<const StorageType> ort_genai_packed_types();

}  // namespace adze::formats
