// Numbers of an ONNX tensor as graphs and models hold them.
#pragma once

#include <string>

#include "formats/onnx/onnx_model.h"
#include "graph/value_type.h"
#include "model/tensor.h"
#include "tensor/host_tensor.h"

namespace adze::formats {

/// Error(unsupported) for an unknown type; null for texts.
StorageType storage_of_onnx(OnnxType type);

/// In memory, aligned; numbers of fewer than eight bits take a byte each.
HostTensor host_tensor_of(const OnnxTensor& tensor);
/// A file of one TensorProto.
HostTensor read_onnx_host_tensor(const std::string& path);

/// As a tensor of a Model: bytes stay where they are, but for numbers of fewer than eight bits.
model::Tensor model_tensor_of(const OnnxTensor& tensor, std::string name, const std::string& where);

/// The reverse: numbers of fewer than eight bits are packed again. Points to `bytes` where it can; they must stay.
OnnxTensor onnx_tensor_of(std::string name, std::vector<int64_t> dims, StorageType storage,
                          std::span<const std::byte> bytes);

}  // namespace adze::formats
