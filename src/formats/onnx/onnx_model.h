// The messages of an ONNX file as plain structs: what reading gives and writing takes.
//
// Nothing of ONNX is interpreted here: names are not resolved, types not inferred. Bytes of tensors stay in the mapped
// file, in memory that the tensor keeps, or in another file that it names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace adze::formats {

/// TensorProto.DataType, with its numbers.
enum class OnnxType : int32_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,  // 4-bit types: two in a byte, the first in the low half
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,  // four in a byte, the first lowest
  int2 = 26,
};

/// Where the bytes of a tensor lie beside the model.
struct OnnxExternalData {
  std::string location;  // a path relative to the model's folder
  uint64_t offset = 0;
  std::optional<uint64_t> length;  // none: to the end of the file
};

struct OnnxTensor {
  std::string name;
  std::vector<int64_t> dims;
  OnnxType type = OnnxType::undefined;
  /// Little-endian numbers, outermost dimension first, without padding. Those of typed fields (float_data …) are
  /// brought into this form by the reader.
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> keeps_bytes;  // what `bytes` points into
  std::vector<std::string> strings;         // type string
  std::optional<OnnxExternalData> external;
};

/// A tensor that keeps its numbers itself.
OnnxTensor owned_onnx_tensor(std::string name, std::vector<int64_t> dims, OnnxType type, std::vector<std::byte> bytes);

struct OnnxDim {
  std::optional<int64_t> value;
  std::string symbol;  // empty, and no value: unknown
};

enum class OnnxKind { none, tensor, sequence, optional };

/// TypeProto.
struct OnnxValueType {
  OnnxKind kind = OnnxKind::none;
  OnnxType element = OnnxType::undefined;      // tensor
  std::optional<std::vector<OnnxDim>> dims;    // tensor; none: the rank is unknown
  std::shared_ptr<const OnnxValueType> inner;  // sequence, optional

  static OnnxValueType tensor(OnnxType element, std::vector<OnnxDim> dims) {
    return {OnnxKind::tensor, element, std::move(dims), nullptr};
  }
};

struct OnnxValueInfo {
  std::string name;
  OnnxValueType type;
};

struct OnnxGraph;
using OnnxSubgraph = std::shared_ptr<const OnnxGraph>;

/// The alternatives stand in the order of AttributeProto.AttributeType's numbers: FLOAT is 1, GRAPHS is 10.
using OnnxAttributeValue =
    std::variant<std::monostate, float, int64_t, std::string, OnnxTensor, OnnxSubgraph, std::vector<float>,
                 std::vector<int64_t>, std::vector<std::string>, std::vector<OnnxTensor>, std::vector<OnnxSubgraph>>;

struct OnnxAttribute {
  std::string name;
  OnnxAttributeValue value;
  std::string reference = {};  // in a function: the function's attribute that it stands for
};

struct OnnxNode {
  std::string name;
  std::string op;      // "MatMul"
  std::string domain;  // empty: ai.onnx
  std::string overload;
  std::vector<std::string> inputs;   // empty: an optional one that is not given
  std::vector<std::string> outputs;  // likewise
  std::vector<OnnxAttribute> attributes;
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxValueInfo> inputs;
  std::vector<OnnxValueInfo> outputs;
  std::vector<OnnxValueInfo> values;  // types of values in between
};

struct OnnxOpset {
  std::string domain;  // empty: ai.onnx
  int64_t version = 0;
};

/// An op that the model defines itself by other ops.
struct OnnxFunction {
  std::string name;
  std::string domain;
  std::string overload;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> attributes;            // that a call must give
  std::vector<OnnxAttribute> attribute_defaults;  // that it may give
  std::vector<OnnxNode> nodes;
  std::vector<OnnxOpset> opsets;
};

struct OnnxModel {
  int64_t ir_version = 0;
  std::string producer_name;
  std::string producer_version;
  std::string domain;
  int64_t model_version = 0;
  std::string description;  // doc_string
  std::vector<OnnxOpset> opsets;
  std::vector<std::pair<std::string, std::string>> metadata;
  OnnxGraph graph;
  std::vector<OnnxFunction> functions;
};

/// Graphs inside attributes of nodes inside graphs …, and types inside types: bounds every recursion over them.
inline constexpr int kMaxOnnxDepth = 16;

}  // namespace adze::formats
