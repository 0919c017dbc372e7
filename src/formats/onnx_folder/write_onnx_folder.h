// Folders with a language model as model.onnx, laid out as Optimum does: config.json and the tokenizer's files beside
// it.
#pragma once

#include <span>
#include <string>

#include "formats/format.h"

namespace adze::formats {

/// The graph has ops of the ONNX standard alone. Error(unsupported) naming the node and its op for what has no form
/// there.
void write_onnx_folder(const model::Model& model, const std::string& path, const WriteOptions& options = {});

/// What DequantizeLinear takes in blocks.
std::span<const StorageType> onnx_folder_packed_types();

}  // namespace adze::formats
