// lint: foreign names: ONNX
#include "formats/standard_nodes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/quantized_numbers.h"

namespace adze::formats {
namespace {

using graph::Dim;
using graph::Value;
using graph::ValueKind;
using graph::ValueOrigin;
using graph::ValueType;

/// Up to this size numbers are constants of the graph, where inference and passes see them.
constexpr size_t kMaxConstantBytes = 1024;

ValueType tensor_type(StorageType storage, std::span<const int64_t> dims) {
  return ValueType::tensor(storage, {dims.begin(), dims.end()});
}

/// A type of the graph around as a sub-graph may know it: symbols are not shared.
ValueType seen_from_inside(ValueType type) {
  for (Dim& dim : type.dims) {
    if (!dim.is_constant()) dim = Dim::unknown();
  }
  if (type.element) type.element = std::make_shared<const ValueType>(seen_from_inside(*type.element));
  return type;
}

}  // namespace

std::string StandardNodes::unique_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name = wanted.empty() ? "unnamed" : wanted;
  std::ranges::replace(name, '\n', '.');
  const std::string stem = name;
  for (size_t number = 1; !taken.insert(name).second; ++number) name = fmt::format("{}~{}", stem, number);
  return name;
}

graph::ValueId StandardNodes::define(Value value) {
  value.name = unique_name(value.name, value_names_);
  return graph_.add_value(std::move(value));
}

graph::ValueId StandardNodes::input(const std::string& name, ValueType type) {
  const ValueId id = define({name, std::move(type), ValueOrigin::input, {}, graph::kNoValue});
  graph_.inputs.push_back(id);
  return id;
}

graph::ValueId StandardNodes::capture(const graph::Graph& outer, ValueId value) {
  const auto known = captured_.find(value);
  if (known != captured_.end()) return known->second;
  const Value& source = outer.value(value);
  const ValueId id = define({source.name, seen_from_inside(source.type), ValueOrigin::captured, {}, value});
  captured_[value] = id;
  return id;
}

graph::ValueId StandardNodes::constant(const HostTensor& tensor, const std::string& name) {
  const std::string called = name.empty() ? scope_ + "/constant" : name;
  const auto bytes = tensor.bytes();
  if (bytes.size() > kMaxConstantBytes || tensor.rank() > 8) {
    auto shape = checked_shape(tensor.dims(), called);
    return weight(model::owned_tensor(called, std::move(shape), tensor.type(), {bytes.begin(), bytes.end()}));
  }
  return define({called, tensor_type(tensor.type(), tensor.dims()), ValueOrigin::constant,
                 std::vector<std::byte>(bytes.begin(), bytes.end()), graph::kNoValue});
}

graph::ValueId StandardNodes::weight(model::Tensor tensor) {
  std::string name = unique_name(tensor.name, value_names_);
  while (weights_.contains(name)) name = unique_name(tensor.name, value_names_);
  const auto dims = tensor.shape.dims();
  const ValueId id = graph_.add_value(
      {name, tensor_type(tensor.storage, {dims.begin(), dims.end()}), ValueOrigin::weight, {}, graph::kNoValue});
  weights_.add(model::renamed(std::move(tensor), name));
  return id;
}

graph::ValueId StandardNodes::stored(const model::Tensor& tensor) {
  if (tensor.byte_size() > static_cast<int64_t>(kMaxConstantBytes)) return weight(tensor);
  const auto dims = tensor.shape.dims();
  HostTensor host(tensor.storage, {dims.begin(), dims.end()});
  std::vector<std::byte> scratch;
  if (host.count() > 0) {
    std::ranges::copy(tensor.source->rows(0, tensor.shape.row_count(), scratch), host.fill_bytes().begin());
  }
  return constant(host, tensor.name);
}

graph::ValueId StandardNodes::number(double number, StorageType type) {
  HostTensor wide(&codecs::f64.info, {});
  wide.fill<double>()[0] = number;
  if (type == &codecs::f64.info) return constant(wide);
  if (type == &codecs::f32.info || ops::is_narrow_float(type)) {
    HostTensor single(&codecs::f32.info, {});
    single.fill<float>()[0] = static_cast<float>(number);
    return constant(ops::is_narrow_float(type) ? ops::narrow_floats(single, type) : single);
  }
  return constant(ops::round_to_integers(wide, type));
}

StandardNodes::Values StandardNodes::append(graph::Node node, std::string_view op, size_t outputs) {
  const ops::StandardOp* schema = ops::find_standard_op(op);
  if (!schema) fail(ErrorCode::internal, "there is no standard op {}", op);
  node.op = schema;
  while (!node.inputs.empty() && node.inputs.back() == graph::kNoValue) node.inputs.pop_back();
  node.name = unique_name(fmt::format("{}/{}", scope_, op), node_names_);
  node.outputs.resize(outputs);
  graph::NodeTypes types{node, {}};
  for (const ValueId id : node.inputs) types.inputs.push_back(id == graph::kNoValue ? nullptr : &graph_.value(id).type);
  auto inferred = schema->infer(types);
  inferred.resize(outputs, {ValueKind::tensor, nullptr, {}, false, nullptr});
  for (size_t i = 0; i < outputs; ++i) {
    const std::string name = outputs == 1 ? node.name : fmt::format("{}:{}", node.name, i);
    node.outputs[i] = define({name, std::move(inferred[i]), ValueOrigin::node, {}, graph::kNoValue});
  }
  Values made = node.outputs;
  graph_.nodes.push_back(std::move(node));
  return made;
}

graph::ValueId StandardNodes::add(std::string_view op, Values inputs, graph::Attributes attributes) {
  return add_several(op, std::move(inputs), std::move(attributes), 1).front();
}

StandardNodes::Values StandardNodes::add_several(std::string_view op, Values inputs, graph::Attributes attributes,
                                                 size_t outputs) {
  graph::Node node;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  return append(std::move(node), op, outputs);
}

StandardNodes::Values StandardNodes::add_with_bodies(std::string_view op, Values inputs,
                                                     std::vector<std::shared_ptr<graph::Graph>> bodies,
                                                     size_t outputs) {
  graph::Node node;
  node.inputs = std::move(inputs);
  node.subgraphs = std::move(bodies);
  return append(std::move(node), op, outputs);
}

graph::ValueId StandardNodes::cast(ValueId x, StorageType type) {
  if (storage(x) == type) return x;
  return add("Cast", {x}, {{"to", ops::element_type_number(type)}});
}

graph::ValueId StandardNodes::transpose(ValueId x, std::vector<int64_t> order) {
  return add("Transpose", {x}, {{"perm", std::move(order)}});
}

graph::ValueId StandardNodes::reshape(ValueId x, std::vector<int64_t> dims) {
  return add("Reshape", {x, ints(std::move(dims))});
}

graph::ValueId StandardNodes::slice(ValueId x, int64_t axis, int64_t begin, int64_t end, int64_t step) {
  return add("Slice", {x, ints({begin}), ints({end}), ints({axis}), ints({step})});
}

graph::ValueId StandardNodes::length(ValueId x, int64_t axis) {
  return add("Gather", {add("Shape", {x}), ints({axis})});
}

std::optional<size_t> StandardNodes::rank(ValueId id) const {
  const ValueType& known = type(id);
  return known.kind == ValueKind::tensor && known.rank_known ? std::optional(known.dims.size()) : std::nullopt;
}

std::optional<HostTensor> StandardNodes::constant_tensor(ValueId id) const {
  const Value& value = graph_.value(id);
  if (value.origin != ValueOrigin::constant) return std::nullopt;
  std::vector<int64_t> dims;
  for (const Dim& dim : value.type.dims) dims.push_back(dim.constant());
  HostTensor tensor(value.type.storage, std::move(dims));
  std::ranges::copy(value.constant, tensor.fill_bytes().begin());
  return tensor;
}

std::optional<std::vector<int64_t>> StandardNodes::integers(ValueId id) const {
  const auto tensor = constant_tensor(id);
  if (!tensor || tensor->is_text() || ops::is_narrow_float(tensor->type())) return std::nullopt;
  if (tensor->type() == &codecs::f32.info || tensor->type() == &codecs::f64.info) return std::nullopt;
  return ops::read_integers(*tensor);
}

int64_t StandardNodes::require_rank(ValueId id) const {
  const auto known = rank(id);
  if (!known) fail(ErrorCode::unsupported, "the rank of its input must be known before it runs");
  return static_cast<int64_t>(*known);
}

std::vector<int64_t> StandardNodes::require_dims(ValueId id) const {
  require_rank(id);
  std::vector<int64_t> dims;
  for (const graph::Dim& dim : type(id).dims) {
    if (!dim.is_constant()) fail(ErrorCode::unsupported, "the shape of its input must be known before it runs");
    dims.push_back(dim.constant());
  }
  return dims;
}

std::vector<int64_t> StandardNodes::require_integers(ValueId id) const {
  auto known = integers(id);
  if (!known) fail(ErrorCode::unsupported, "an input that says how it works must be a constant");
  return *std::move(known);
}

std::optional<double> StandardNodes::one_number(ValueId id) const {
  const auto tensor = constant_tensor(id);
  if (!tensor || tensor->count() != 1) return std::nullopt;
  return ops::read_number(*tensor);
}

void StandardNodes::refine(ValueId id, const ValueType& declared) {
  ValueType& type = graph_.values[id].type;
  if (declared.kind != type.kind || graph_.values[id].origin != ValueOrigin::node) return;
  if (!type.storage) type.storage = declared.storage;
  if (!declared.rank_known) return;
  if (!type.rank_known) {
    type.rank_known = true;
    type.dims = declared.dims;
  } else if (declared.dims.size() == type.dims.size()) {
    for (size_t i = 0; i < type.dims.size(); ++i) {
      if (!type.dims[i].is_known()) type.dims[i] = declared.dims[i];
    }
  }
}

void StandardNodes::rename(ValueId id, const std::string& name) {
  value_names_.erase(graph_.values[id].name);
  graph_.values[id].name = unique_name(name, value_names_);
}

}  // namespace adze::formats
