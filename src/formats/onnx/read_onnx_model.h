// The bytes of an ONNX file -> OnnxModel.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "formats/onnx/onnx_model.h"

namespace adze::formats {

/// A name that ends in .onnx.
bool is_onnx(const std::string& path);

/// A file of such a name, or a folder with a model.onnx alone (graph_folder.h).
bool is_onnx_model(const std::string& path);

/// Everything; bytes of tensors stay in the mapped files. Tensors that lie in other files are mapped from the model's
/// folder, and from there only. Error(bad_input) for what is malformed, naming file and field; Error(unsupported) for
/// sparse initializers.
OnnxModel read_onnx_model(const std::string& file_or_folder);

/// The same for a message in memory, which `owner` keeps. Tensors in other files keep no bytes.
OnnxModel read_onnx_message(std::span<const std::byte> message, std::shared_ptr<const void> owner,
                            std::string_view name);

/// A file that holds one TensorProto.
OnnxTensor read_onnx_tensor(const std::string& path);

/// Bytes that `count` numbers of a type take; 0 for texts. Error(bad_input) for an unknown type.
uint64_t onnx_bytes(OnnxType type, uint64_t count);

}  // namespace adze::formats
