// Field numbers of the messages in onnx.proto, as protozero takes them.
#pragma once

#include "formats/onnx/checked_protozero.h"

namespace adze::formats::onnx_fields {

using protozero::pbf_tag_type;

enum class Model : pbf_tag_type {
  ir_version = 1,
  producer_name = 2,
  producer_version = 3,
  domain = 4,
  model_version = 5,
  doc_string = 6,
  graph = 7,
  opset_import = 8,
  metadata_props = 14,
  training_info = 20,
  functions = 25,
};

enum class Opset : pbf_tag_type { domain = 1, version = 2 };
enum class Entry : pbf_tag_type { key = 1, value = 2 };  // StringStringEntryProto

enum class Graph : pbf_tag_type {
  node = 1,
  name = 2,
  initializer = 5,
  doc_string = 10,
  input = 11,
  output = 12,
  value_info = 13,
  sparse_initializer = 15,
};

enum class Node : pbf_tag_type {
  input = 1,
  output = 2,
  name = 3,
  op_type = 4,
  attribute = 5,
  doc_string = 6,
  domain = 7,
  overload = 8,
};

enum class Attribute : pbf_tag_type {
  name = 1,
  f = 2,
  i = 3,
  s = 4,
  t = 5,
  g = 6,
  floats = 7,
  ints = 8,
  strings = 9,
  tensors = 10,
  graphs = 11,
  doc_string = 13,
  type_proto = 14,
  type_protos = 15,
  type = 20,
  ref_attr_name = 21,
  sparse_tensor = 22,
  sparse_tensors = 23,
};

enum class Tensor : pbf_tag_type {
  dims = 1,
  data_type = 2,
  segment = 3,
  float_data = 4,
  int32_data = 5,
  string_data = 6,
  int64_data = 7,
  name = 8,
  raw_data = 9,
  double_data = 10,
  uint64_data = 11,
  doc_string = 12,
  external_data = 13,
  data_location = 14,  // 0: in the message, 1: external
};

enum class ValueInfo : pbf_tag_type { name = 1, type = 2, doc_string = 3 };

enum class Type : pbf_tag_type {
  tensor_type = 1,
  sequence_type = 4,
  map_type = 5,
  denotation = 6,
  sparse_tensor_type = 8,
  optional_type = 9,
};
enum class TensorType : pbf_tag_type { elem_type = 1, shape = 2 };
enum class NestedType : pbf_tag_type { elem_type = 1 };  // of sequence and optional
enum class Shape : pbf_tag_type { dim = 1 };
enum class Dim : pbf_tag_type { value = 1, param = 2, denotation = 3 };

enum class Function : pbf_tag_type {
  name = 1,
  input = 4,
  output = 5,
  attribute = 6,
  node = 7,
  doc_string = 8,
  opset_import = 9,
  domain = 10,
  attribute_proto = 11,
  value_info = 12,
  overload = 13,
};

}  // namespace adze::formats::onnx_fields
