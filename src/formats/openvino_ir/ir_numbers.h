// Element types and constants of OpenVINO's IR as graphs and models hold them.
#pragma once

#include <string>
#include <string_view>

#include "formats/openvino_ir/ir_document.h"
#include "graph/graph.h"
#include "model/tensor.h"
#include "tensor/codec_info.h"
#include "tensor/host_tensor.h"

namespace adze::formats {

/// "f32", "u4", "boolean" …: what numbers of it are stored as here. Types without a storage of their own are stored as
/// a wider one that holds their values (u1, u3, u6 as u8; nf4 as f32). Error(unsupported) for others.
StorageType storage_of_ir(std::string_view element_type);

/// The same for the words that ports have: "FP32", "U4", "BOOL" … Null for those that are not known.
StorageType storage_of_ir_port(std::string_view precision);

/// Floats of any width.
bool has_float_numbers(StorageType storage);

/// The word that the IR has for a storage; empty: none.
std::string_view ir_type_of(StorageType storage);

/// The bytes of such a constant as they lie in the file, packed. Their number fits type and shape.
std::span<const std::byte> ir_constant_bytes(const IrLayer& layer, const IrDocument& document);

/// The constant of a layer of type Const. Numbers of eight bits and more stay where they are.
model::Tensor ir_constant(const IrLayer& layer, const IrDocument& document);

/// A constant of a graph. REQUIRES: origin constant.
HostTensor host_tensor(const graph::Value& value);

/// "1, 3, 240" -> numbers; "?" and ranges are -1. None for "..." (any rank).
std::optional<std::vector<int64_t>> ir_dims(std::string_view text);

}  // namespace adze::formats
