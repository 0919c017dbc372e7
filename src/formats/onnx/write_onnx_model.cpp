#include "formats/onnx/write_onnx_model.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "formats/onnx/checked_protozero.h"
#include "formats/onnx/onnx_fields.h"

namespace adze::formats {
namespace {

namespace fields = onnx_fields;
using protozero::pbf_builder;

// Protocol buffers end here.
constexpr size_t kMaxMessageBytes = (size_t{1} << 31) - 1;
// What systems map from: 4 KiB, 16 KiB and 64 KiB pages exist, and ONNX asks for the first.
constexpr uint64_t kDataAlignment = 4096;

template <typename Message, typename Field>
void add_text(pbf_builder<Message>& message, Field field, const std::string& text) {
  if (!text.empty()) message.add_string(field, text);
}

template <typename Message, typename Field>
void add_entry(pbf_builder<Message>& message, Field field, const std::string& key, const std::string& value) {
  pbf_builder<fields::Entry> entry(message, field);
  entry.add_string(fields::Entry::key, key);
  entry.add_string(fields::Entry::value, value);
}

void check_depth(int depth) {
  if (depth > kMaxOnnxDepth) fail(ErrorCode::bad_input, "ONNX: more than {} graphs or types inside one another", depth);
}

// ---- tensors and types

void put_tensor(const OnnxTensor& tensor, pbf_builder<fields::Tensor> message) {
  using fields::Tensor;
  message.add_packed_int64(Tensor::dims, tensor.dims.begin(), tensor.dims.end());
  message.add_int32(Tensor::data_type, static_cast<int32_t>(tensor.type));
  for (const auto& text : tensor.strings) message.add_bytes(Tensor::string_data, text);
  add_text(message, Tensor::name, tensor.name);
  if (!tensor.external) {
    if (tensor.type == OnnxType::string) return;
    message.add_bytes(Tensor::raw_data, reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    return;
  }
  add_entry(message, Tensor::external_data, "location", tensor.external->location);
  add_entry(message, Tensor::external_data, "offset", std::to_string(tensor.external->offset));
  if (tensor.external->length) {
    add_entry(message, Tensor::external_data, "length", std::to_string(*tensor.external->length));
  }
  message.add_enum(Tensor::data_location, 1);
}

// A builder leaves out a message that stays empty, and both an unknown dimension and the shape of a scalar are empty.
std::string shape_bytes(const std::vector<OnnxDim>& dims) {
  std::string bytes;
  pbf_builder<fields::Shape> message(bytes);
  for (const auto& dim : dims) {
    std::string one_bytes;
    pbf_builder<fields::Dim> one(one_bytes);
    if (dim.value) one.add_int64(fields::Dim::value, *dim.value);
    if (!dim.value) add_text(one, fields::Dim::param, dim.symbol);
    message.add_message(fields::Shape::dim, one_bytes);
  }
  return bytes;
}

void put_type(const OnnxValueType& type, pbf_builder<fields::Type> message, int depth) {
  using fields::Type;
  check_depth(depth);
  if (type.kind == OnnxKind::tensor) {
    pbf_builder<fields::TensorType> tensor(message, Type::tensor_type);
    tensor.add_int32(fields::TensorType::elem_type, static_cast<int32_t>(type.element));
    if (type.dims) tensor.add_message(fields::TensorType::shape, shape_bytes(*type.dims));
  } else if (type.kind != OnnxKind::none) {
    const bool is_sequence = type.kind == OnnxKind::sequence;
    pbf_builder<fields::NestedType> nested(message, is_sequence ? Type::sequence_type : Type::optional_type);
    if (!type.inner) return;
    put_type(*type.inner, pbf_builder<fields::Type>(nested, fields::NestedType::elem_type), depth + 1);
  }
}

void put_value(const OnnxValueInfo& value, pbf_builder<fields::ValueInfo> message) {
  add_text(message, fields::ValueInfo::name, value.name);
  if (value.type.kind == OnnxKind::none) return;
  put_type(value.type, pbf_builder<fields::Type>(message, fields::ValueInfo::type), 0);
}

// ---- graphs

void put_graph(const OnnxGraph& graph, pbf_builder<fields::Graph> message, int depth);

/// Writes the field of an attribute's value. One call for each alternative.
struct AttributeValueWriter {
  pbf_builder<fields::Attribute>& message;
  int depth;

  using Field = fields::Attribute;
  void operator()(std::monostate) const {}
  void operator()(float value) const { message.add_float(Field::f, value); }
  void operator()(int64_t value) const { message.add_int64(Field::i, value); }
  void operator()(const std::string& value) const { message.add_bytes(Field::s, value); }
  void operator()(const OnnxTensor& value) const { put_tensor(value, {message, Field::t}); }
  void operator()(const OnnxSubgraph& value) const { put_graph(*value, {message, Field::g}, depth); }
  void operator()(const std::vector<float>& values) const {
    for (const float value : values) message.add_float(Field::floats, value);
  }
  void operator()(const std::vector<int64_t>& values) const {
    for (const int64_t value : values) message.add_int64(Field::ints, value);
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const auto& value : values) message.add_bytes(Field::strings, value);
  }
  void operator()(const std::vector<OnnxTensor>& values) const {
    for (const auto& value : values) put_tensor(value, {message, Field::tensors});
  }
  void operator()(const std::vector<OnnxSubgraph>& values) const {
    for (const auto& value : values) put_graph(*value, {message, Field::graphs}, depth);
  }
};

void put_attribute(const OnnxAttribute& attribute, pbf_builder<fields::Attribute> message, int depth) {
  using fields::Attribute;
  message.add_string(Attribute::name, attribute.name);
  std::visit(AttributeValueWriter{message, depth + 1}, attribute.value);
  message.add_enum(Attribute::type, static_cast<int32_t>(attribute.value.index()));
  add_text(message, Attribute::ref_attr_name, attribute.reference);
}

void put_node(const OnnxNode& node, pbf_builder<fields::Node> message, int depth) {
  using fields::Node;
  for (const auto& input : node.inputs) message.add_string(Node::input, input);
  for (const auto& output : node.outputs) message.add_string(Node::output, output);
  add_text(message, Node::name, node.name);
  add_text(message, Node::op_type, node.op);
  for (const auto& attribute : node.attributes) put_attribute(attribute, {message, Node::attribute}, depth);
  add_text(message, Node::domain, node.domain);
  add_text(message, Node::overload, node.overload);
}

void put_graph(const OnnxGraph& graph, pbf_builder<fields::Graph> message, int depth) {
  using fields::Graph;
  check_depth(depth);
  for (const auto& node : graph.nodes) put_node(node, {message, Graph::node}, depth);
  add_text(message, Graph::name, graph.name);
  for (const auto& tensor : graph.initializers) put_tensor(tensor, {message, Graph::initializer});
  for (const auto& value : graph.inputs) put_value(value, {message, Graph::input});
  for (const auto& value : graph.outputs) put_value(value, {message, Graph::output});
  for (const auto& value : graph.values) put_value(value, {message, Graph::value_info});
}

void put_opset(const OnnxOpset& opset, pbf_builder<fields::Opset> message) {
  add_text(message, fields::Opset::domain, opset.domain);
  message.add_int64(fields::Opset::version, opset.version);
}

void put_function(const OnnxFunction& function, pbf_builder<fields::Function> message) {
  using fields::Function;
  add_text(message, Function::name, function.name);
  for (const auto& input : function.inputs) message.add_string(Function::input, input);
  for (const auto& output : function.outputs) message.add_string(Function::output, output);
  for (const auto& attribute : function.attributes) message.add_string(Function::attribute, attribute);
  for (const auto& node : function.nodes) put_node(node, {message, Function::node}, 0);
  for (const auto& opset : function.opsets) put_opset(opset, {message, Function::opset_import});
  add_text(message, Function::domain, function.domain);
  for (const auto& attribute : function.attribute_defaults) {
    put_attribute(attribute, {message, Function::attribute_proto}, 0);
  }
  add_text(message, Function::overload, function.overload);
}

size_t bytes_inside(const OnnxGraph& graph) {
  size_t bytes = 0;
  for (const auto& tensor : graph.initializers) bytes += tensor.external ? 0 : tensor.bytes.size();
  return bytes;
}

[[noreturn]] void fail_too_large() {
  fail(ErrorCode::unsupported, "an ONNX file ends at 2 GiB; keep tensors in external data");
}

}  // namespace

OnnxTensor owned_onnx_tensor(std::string name, std::vector<int64_t> dims, OnnxType type, std::vector<std::byte> bytes) {
  const auto kept = std::make_shared<const std::vector<std::byte>>(std::move(bytes));
  return {std::move(name), std::move(dims), type, *kept, kept, {}, {}};
}

std::string onnx_model_bytes(const OnnxModel& model) {
  using fields::Model;
  if (bytes_inside(model.graph) > kMaxMessageBytes) fail_too_large();
  std::string bytes;
  pbf_builder<Model> message(bytes);
  message.add_int64(Model::ir_version, model.ir_version);
  add_text(message, Model::producer_name, model.producer_name);
  add_text(message, Model::producer_version, model.producer_version);
  add_text(message, Model::domain, model.domain);
  if (model.model_version != 0) message.add_int64(Model::model_version, model.model_version);
  add_text(message, Model::doc_string, model.description);
  put_graph(model.graph, {message, Model::graph}, 0);
  for (const auto& opset : model.opsets) put_opset(opset, {message, Model::opset_import});
  for (const auto& [key, value] : model.metadata) add_entry(message, Model::metadata_props, key, value);
  for (const auto& function : model.functions) put_function(function, {message, Model::functions});
  if (bytes.size() > kMaxMessageBytes) fail_too_large();
  return bytes;
}

void write_onnx_model(const OnnxModel& model, const std::string& path) {
  write_text_file(path, onnx_model_bytes(model));
}

OnnxDataFile::OnnxDataFile(const std::string& path, std::string location, const WriteOptions& options,
                           uint64_t total_bytes)
    : location_(std::move(location)), file_(path), stream_(options, total_bytes) {}

OnnxExternalData OnnxDataFile::append(const model::Tensor& tensor) {
  file_.pad_to(kDataAlignment);
  const uint64_t offset = file_.position();
  stream_.write(tensor, file_);
  return {location_, offset, static_cast<uint64_t>(tensor.byte_size())};
}

}  // namespace adze::formats
