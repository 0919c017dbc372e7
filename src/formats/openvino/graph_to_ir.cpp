// lint: foreign names: OpenVINO
#include "formats/openvino/graph_to_ir.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/output_folder.h"
#include "codecs/codec.h"
#include "formats/graph_folder.h"
#include "formats/openvino_ir/ir_numbers.h"
#include "ops/standard/narrow_floats.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/standard_op.h"
#include "tensor/packed_bits.h"

namespace adze::formats {
namespace {

using graph::ValueOrigin;

std::string_view ir_name_of(const graph::Value& value) {
  const auto& storage = value.type.storage;
  const std::string_view name = storage ? ir_type_of(storage) : std::string_view();
  if (name.empty()) {
    fail(ErrorCode::unsupported, "'{}': OpenVINO's IR has no type for {}", value.name,
         storage ? storage->name : "a value whose type is not known");
  }
  return name;
}

/// Each op with the first node that has it.
using UnknownOps = std::map<std::string_view, std::string_view>;

void collect_unknown_ops(const graph::Graph& graph, UnknownOps& unknown) {
  for (const graph::Node& node : graph.nodes) {
    if (!find_ir_writing(node.op->name)) unknown.emplace(node.op->name, node.name);
    for (const auto& body : node.subgraphs) {
      if (body) collect_unknown_ops(*body, unknown);
    }
  }
}

std::vector<int64_t> constant_dims(const graph::ValueType& type) {
  std::vector<int64_t> dims;
  for (const graph::Dim& dim : type.dims) dims.push_back(dim.constant());
  return dims;
}

/// -1 for sizes that are open.
std::vector<int64_t> port_dims(const graph::ValueType& type) {
  std::vector<int64_t> dims;
  for (const graph::Dim& dim : type.dims) dims.push_back(dim.is_constant() ? dim.constant() : -1);
  return dims;
}

std::string shape_text(const graph::ValueType& type) {
  if (!type.rank_known) return "...";
  std::string text;
  for (const graph::Dim& dim : type.dims) {
    text += (text.empty() ? "" : ",") + (dim.is_constant() ? std::to_string(dim.constant()) : std::string("?"));
  }
  return text;
}

}  // namespace

GraphToIr::GraphToIr(const graph::Graph& graph, const model::TensorList& weights) : graph_(graph), weights_(weights) {}

GraphToIr::GraphToIr(const graph::Graph& graph, GraphToIr& outer)
    : graph_(graph), weights_(outer.weights_), outer_(&outer) {}

GraphToIr GraphToIr::body(size_t index) {
  if (index >= node_->subgraphs.size() || !node_->subgraphs[index]) refuse("it has no body");
  return {*node_->subgraphs[index], *this};
}

void GraphToIr::refuse(std::string_view what) const {
  fail(ErrorCode::unsupported, "node '{}': op {} has no form in OpenVINO's IR: {}", node_->name, node_->op->name, what);
}

void GraphToIr::declare_inputs() {
  for (const graph::ValueId id : graph_.inputs) {
    values_[id] = out_->parameter(graph_.value(id).name, shape_of(id), type_of(id));
  }
}

IrValue GraphToIr::stored(const graph::Value& value) {
  const std::string_view type = ir_name_of(value);
  const auto dims = constant_dims(value.type);
  const StorageType storage = value.type.storage;
  const bool is_packed = packed_bits(storage) < 8;
  if (value.origin == ValueOrigin::constant) {
    return out_->packed(value.name, type, dims, is_packed ? pack_bits(value.constant, storage) : value.constant);
  }
  const model::Tensor& tensor = weights_.at(value.name);
  if (!is_packed) return out_->constant(value.name, type, dims, tensor);
  std::vector<std::byte> scratch;
  const auto bytes = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return out_->packed(value.name, type, dims, pack_bits(bytes, storage));
}

std::string GraphToIr::shape_of(graph::ValueId id) const { return shape_text(graph_.value(id).type); }

IrType GraphToIr::type_of(graph::ValueId id) const { return ir_name_of(graph_.value(id)); }

const graph::Value& GraphToIr::origin_of(graph::ValueId id) const {
  const graph::Value& value = graph_.value(id);
  return value.origin == ValueOrigin::captured && outer_ ? outer_->origin_of(value.outer) : value;
}

// Stored numbers are stored again: what must be known before it runs is then known in bodies too.
IrValue GraphToIr::captured(graph::ValueId id) {
  const graph::Value& origin = origin_of(id);
  if (origin.origin == ValueOrigin::constant || origin.origin == ValueOrigin::weight) return stored(origin);
  const IrValue parameter = out_->parameter(graph_.value(id).name, shape_of(id), type_of(id));
  captures_.push_back({graph_.value(id).outer, parameter});
  return parameter;
}

IrValue GraphToIr::value(graph::ValueId id) {
  const auto known = values_.find(id);
  if (known != values_.end()) return known->second;
  const bool is_captured = graph_.value(id).origin == ValueOrigin::captured;
  return values_[id] = is_captured ? captured(id) : stored(graph_.value(id));
}

void GraphToIr::write_nodes() {
  for (const graph::Node& node : graph_.nodes) {
    node_ = &node;
    out_->enter(node.name);
    const IrWriting* writing = find_ir_writing(node.op->name);
    writing->put(*this, *writing);
  }
  out_->enter("");
}

void GraphToIr::run() {
  UnknownOps unknown;
  collect_unknown_ops(graph_, unknown);
  std::vector<std::string> told;
  for (const auto& [op, node] : unknown) told.push_back(fmt::format("{} (node '{}')", op, node));
  if (!told.empty()) {
    fail(ErrorCode::unsupported, "these ops have no form in OpenVINO's IR: {}", fmt::join(told, ", "));
  }
  declare_inputs();
  write_nodes();
  add_results();
}

void GraphToIr::add_results() {
  for (const graph::ValueId id : graph_.outputs)
    out_->result(value(id), graph_.value(id).name, port_dims(graph_.value(id).type));
}

IrValue GraphToIr::input(size_t index) {
  if (!has(index)) refuse(fmt::format("its input {} is missing", index));
  return value(node_->inputs[index]);
}

std::vector<IrValue> GraphToIr::inputs() {
  std::vector<IrValue> all;
  for (size_t i = 0; i < node_->inputs.size(); ++i) all.push_back(input(i));
  return all;
}

int64_t GraphToIr::rank(size_t index) const {
  if (!type(index).rank_known) refuse("the rank of its input must be known before it runs");
  return static_cast<int64_t>(type(index).dims.size());
}

std::vector<int64_t> GraphToIr::dims(size_t index) const {
  rank(index);
  for (const graph::Dim& dim : type(index).dims) {
    if (!dim.is_constant()) refuse("the shape of its input must be known before it runs");
  }
  return constant_dims(type(index));
}

std::optional<std::vector<int64_t>> GraphToIr::integers(size_t index) const {
  if (!has(index)) return std::nullopt;
  const graph::Value& value = origin_of(node_->inputs[index]);
  if (value.origin != ValueOrigin::constant) return std::nullopt;
  return ops::read_integers(host_tensor(value));
}

std::optional<double> GraphToIr::number_of(size_t index) const {
  if (!has(index)) return std::nullopt;
  const graph::Value& value = origin_of(node_->inputs[index]);
  if (value.origin != ValueOrigin::constant) return std::nullopt;
  const auto tensor = host_tensor(value);
  return tensor.count() == 1 ? std::optional(ops::read_number(tensor)) : std::nullopt;
}

std::optional<std::vector<double>> GraphToIr::numbers_of(size_t index) const {
  if (!has(index)) return std::nullopt;
  const graph::Value& value = origin_of(node_->inputs[index]);
  if (value.origin != ValueOrigin::constant) return std::nullopt;
  const auto wide = ops::to_f64(host_tensor(value));
  const auto numbers = wide.numbers<double>();
  return std::vector<double>(numbers.begin(), numbers.end());
}

std::vector<int64_t> GraphToIr::list(std::string_view name, std::vector<int64_t> fallback) const {
  const auto found = node_->attributes.find(name);
  const auto* list = found == node_->attributes.end() ? nullptr : std::get_if<std::vector<int64_t>>(&found->second);
  return list ? *list : fallback;
}

int64_t GraphToIr::integer(std::string_view name, int64_t fallback) const {
  return int_attribute_or(*node_, name, fallback);
}
double GraphToIr::number(std::string_view name, double fallback) const {
  return number_attribute_or(*node_, name, fallback);
}
std::string GraphToIr::word(std::string_view name, std::string_view fallback) const {
  return string_attribute_or(*node_, name, fallback);
}

IrType GraphToIr::output_type(size_t output) const {
  const StorageType storage = graph_.value(node_->outputs.at(output)).type.storage;
  return storage && !ir_type_of(storage).empty() ? ir_type_of(storage) : IrType("f32");
}

void GraphToIr::give(size_t output, IrValue value) {
  if (output < node_->outputs.size()) values_[node_->outputs[output]] = value;
}

IrValue GraphToIr::both(std::string_view type, IrValue a, IrValue b, IrType element) {
  return out_->add(type, "opset1", {a, b}, {{"auto_broadcast", "numpy"}}, element);
}

IrValue GraphToIr::reshape(IrValue x, const std::vector<int64_t>& dims) {
  return out_->add("Reshape", "opset1", {x, out_->ints(dims)}, {{"special_zero", "true"}}, output_type());
}

IrValue GraphToIr::transpose(IrValue x, const std::vector<int64_t>& order) {
  return out_->add("Transpose", "opset1", {x, out_->ints(order)}, {}, output_type());
}

IrValue GraphToIr::convert(IrValue x, StorageType type) {
  const auto name = type ? ir_type_of(type) : std::string_view();
  if (name.empty()) refuse(type ? fmt::format("there is no type for {}", type->name) : "a type that is not known");
  return out_->add("Convert", "opset1", {x}, {{"destination_type", std::string(name)}}, name);
}

IrValue GraphToIr::gather(IrValue x, IrValue indices, int64_t axis) {
  return out_->add("Gather", "opset8", {x, indices, out_->whole(axis)}, {{"batch_dims", "0"}}, output_type());
}

IrValue GraphToIr::squeeze(IrValue x, int64_t axis, IrType element) {
  return out_->add("Squeeze", "opset1", {x, out_->ints({axis})}, {}, element);
}

IrValue GraphToIr::unsqueeze(IrValue x, int64_t axis, IrType element) {
  return out_->add("Unsqueeze", "opset1", {x, out_->ints({axis})}, {}, element);
}

IrValue GraphToIr::select(IrValue condition, IrValue yes, IrValue no) {
  return out_->add("Select", "opset1", {condition, yes, no}, {{"auto_broadcast", "numpy"}}, output_type());
}

IrValue GraphToIr::slice(IrValue x, int64_t axis, int64_t begin, int64_t end, int64_t step, IrType element) {
  return out_->add("Slice", "opset8",
                   {x, out_->ints({begin}), out_->ints({end}), out_->ints({step}), out_->ints({axis})}, {}, element);
}

IrValue GraphToIr::reduce(std::string_view type, IrValue x, IrValue axes, bool keep_dims, IrType element) {
  const bool is_newer = type == "ReduceL1" || type == "ReduceL2";
  return out_->add(type, is_newer ? "opset4" : "opset1", {x, axes}, {{"keep_dims", keep_dims ? "true" : "false"}},
                   element);
}

IrValue GraphToIr::shape(IrValue x) { return out_->add("ShapeOf", "opset3", {x}, {{"output_type", "i64"}}, "i64"); }

IrValue GraphToIr::length(IrValue x, int64_t axis) {
  return out_->add("Gather", "opset8", {shape(x), out_->whole(axis), out_->whole(0)}, {{"batch_dims", "0"}}, "i64");
}

IrValue GraphToIr::count_to(IrValue end) {
  return out_->add("Range", "opset4", {out_->whole(0), end, out_->whole(1)}, {{"output_type", "i64"}}, "i64");
}

IrValue GraphToIr::all_axes(IrValue x) { return count_to(length(shape(x), 0)); }

IrValue GraphToIr::scalar(double value, StorageType type) {
  if (!type || ir_type_of(type).empty()) refuse("the type of its input must be known before it runs");
  HostTensor wide(&codecs::f64.info, {});
  wide.fill<double>()[0] = value;
  HostTensor made = wide;
  if (type == &codecs::f32.info || ops::is_narrow_float(type)) {
    made = HostTensor(&codecs::f32.info, {});
    made.fill<float>()[0] = static_cast<float>(value);
    if (type != &codecs::f32.info) made = ops::narrow_floats(made, type);
  } else if (type != &codecs::f64.info) {
    made = ops::round_to_integers(wide, type);
  }
  const auto bytes = made.bytes();
  return out_->packed(fmt::format("{} {}", type->name, value), ir_type_of(type), {}, {bytes.begin(), bytes.end()});
}

std::string ir_data_beside(const std::string& path) {
  return std::filesystem::path(path).replace_extension(".bin").string();
}

void write_ir_graph(const StandardGraph& graph, const std::string& path, const WriteOptions& options) {
  GraphToIr writer(*graph.graph, graph.weights);
  writer.run();
  const std::string& name = graph.graph->name;
  if (std::filesystem::path(path).extension() == ".xml") {
    writer.out().write(name, path, ir_data_beside(path), options);
    return;
  }
  OutputFolder folder(path);
  writer.out().write(name, folder.path_of(std::string(kIrModelFile)), folder.path_of("openvino_model.bin"), options);
  folder.commit();
}

}  // namespace adze::formats
