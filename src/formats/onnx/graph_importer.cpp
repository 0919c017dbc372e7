// lint: foreign names: ONNX
#include "formats/onnx/graph_importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/onnx/older_operators.h"
#include "formats/onnx/onnx_numbers.h"
#include "ops/standard/narrow_floats.h"

namespace adze::formats {
namespace {

using graph::Dim;
using graph::ValueKind;
using graph::ValueOrigin;
using graph::ValueType;

/// Up to this size initializers are constants of the graph, where inference and passes see them.
constexpr size_t kMaxConstantBytes = 1024;

ValueType tensor_type(const HostTensor& tensor) {
  return ValueType::tensor(tensor.type(), {tensor.dims().begin(), tensor.dims().end()});
}

graph::Value constant_value(const HostTensor& tensor) {
  return {
      {}, tensor_type(tensor), ValueOrigin::constant, {tensor.bytes().begin(), tensor.bytes().end()}, graph::kNoValue};
}

/// A type of the graph around as a sub-graph may know it: symbols are not shared.
ValueType seen_from_inside(ValueType type) {
  for (Dim& dim : type.dims) {
    if (!dim.is_constant()) dim = Dim::unknown();
  }
  if (type.element) type.element = std::make_shared<const ValueType>(seen_from_inside(*type.element));
  return type;
}

/// What a body takes in each round: of what is handed on only the element type, as its shape may change.
ValueType seen_in_rounds(const ValueType& type) {
  if (type.kind != ValueKind::tensor) return seen_from_inside(type);
  return {ValueKind::tensor, type.storage, {}, false, nullptr};
}

std::string joined_lines(const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) {
    if (text.find('\n') != std::string::npos) fail(ErrorCode::unsupported, "a text in a list holds a line break");
    lines += (&text == texts.data() ? "" : "\n") + text;
  }
  return lines;
}

/// Sub-graphs in the order in which ops know them.
constexpr std::array<std::string_view, 3> kBodyNames = {"then_branch", "else_branch", "body"};

struct AttributeConverter {
  std::optional<graph::Attribute> operator()(std::monostate) const { return std::nullopt; }
  std::optional<graph::Attribute> operator()(float number) const { return static_cast<double>(number); }
  std::optional<graph::Attribute> operator()(int64_t number) const { return number; }
  std::optional<graph::Attribute> operator()(const std::string& text) const { return text; }
  std::optional<graph::Attribute> operator()(const std::vector<float>& list) const {
    return std::vector<double>(list.begin(), list.end());
  }
  std::optional<graph::Attribute> operator()(const std::vector<int64_t>& list) const { return list; }
  std::optional<graph::Attribute> operator()(const std::vector<std::string>& list) const { return joined_lines(list); }
  template <typename Other>
  std::optional<graph::Attribute> operator()(const Other&) const {
    return std::nullopt;
  }
};

/// What a node of Constant holds.
OnnxTensor constant_of(const OnnxNode& node) {
  if (node.attributes.size() != 1) fail(ErrorCode::bad_input, "a constant has {} attributes", node.attributes.size());
  const auto& value = node.attributes[0].value;
  const auto bytes_of = [](const auto& list) {
    const auto bytes = std::as_bytes(std::span(list));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  };
  if (const auto* tensor = std::get_if<OnnxTensor>(&value)) return *tensor;
  if (const auto* number = std::get_if<float>(&value)) {
    return owned_onnx_tensor({}, {}, OnnxType::float32, bytes_of(std::array{*number}));
  }
  if (const auto* number = std::get_if<int64_t>(&value)) {
    return owned_onnx_tensor({}, {}, OnnxType::int64, bytes_of(std::array{*number}));
  }
  if (const auto* list = std::get_if<std::vector<float>>(&value)) {
    return owned_onnx_tensor({}, {static_cast<int64_t>(list->size())}, OnnxType::float32, bytes_of(*list));
  }
  if (const auto* list = std::get_if<std::vector<int64_t>>(&value)) {
    return owned_onnx_tensor({}, {static_cast<int64_t>(list->size())}, OnnxType::int64, bytes_of(*list));
  }
  OnnxTensor texts;
  texts.type = OnnxType::string;
  if (const auto* text = std::get_if<std::string>(&value)) {
    texts.strings = {*text};
  } else if (const auto* list = std::get_if<std::vector<std::string>>(&value)) {
    texts.strings = *list;
    texts.dims = {static_cast<int64_t>(list->size())};
  } else {
    fail(ErrorCode::unsupported, "a constant is given as '{}'", node.attributes[0].name);
  }
  return texts;
}

std::string label_of(const OnnxNode& node) {
  if (!node.name.empty()) return node.name;
  const auto named = std::ranges::find_if(node.outputs, [](const std::string& name) { return !name.empty(); });
  return named == node.outputs.end() ? node.op : *named;
}

/// A number that was an attribute once stands beside numbers of that type.
OnnxTensor in_floats_of(const OnnxTensor& number, StorageType type) {
  const bool is_float = type == &codecs::f64.info || (type && ops::is_narrow_float(type));
  if (number.type != OnnxType::float32 || !number.dims.empty() || !is_float) return number;
  const HostTensor given = host_tensor_of(number);
  const std::array wide{static_cast<double>(given.numbers<float>()[0])};
  const HostTensor result =
      type == &codecs::f64.info ? HostTensor::of<double>(type, {}, wide) : ops::narrow_floats(given, type);
  return owned_onnx_tensor(number.name, {}, static_cast<OnnxType>(ops::element_type_number(type)),
                           {result.bytes().begin(), result.bytes().end()});
}

}  // namespace

GraphImporter::GraphImporter(ImportContext& context, GraphImporter* outer, int depth)
    : context_(context), outer_(outer), depth_(depth) {
  if (depth > graph::kMaxSubgraphDepth) fail(ErrorCode::bad_input, "sub-graphs are nested too deep");
}

std::shared_ptr<graph::Graph> GraphImporter::import(const OnnxGraph& source, const std::vector<OnnxOpset>& opsets) {
  opsets_ = opsets;
  graph_->name = source.name;
  declare_types(source);
  for (const OnnxTensor& tensor : source.initializers) add_initializer(tensor);
  add_inputs(source);
  add_nodes(source, opsets);
  add_outputs(source);
  return graph_;
}

void GraphImporter::declare_types(const OnnxGraph& source) {
  for (const auto* list : {&source.values, &source.outputs}) {
    for (const OnnxValueInfo& info : *list) {
      if (info.type.kind != OnnxKind::none) declared_.insert_or_assign(info.name, type_of(info.type));
    }
  }
}

Dim GraphImporter::dim_of(const OnnxDim& dim) {
  if (dim.value && *dim.value >= 0) return *dim.value;
  if (dim.symbol.empty() || outer_) return Dim::unknown();
  const auto [at, is_new] = symbols_.try_emplace(dim.symbol, 0);
  if (is_new) at->second = graph_->add_symbol(dim.symbol, 0, INT64_MAX);
  return Dim::symbol(at->second);
}

ValueType GraphImporter::type_of(const OnnxValueType& type) {
  if (type.kind == OnnxKind::sequence || type.kind == OnnxKind::optional) {
    auto outer = ValueType::of_kind(type.kind == OnnxKind::sequence ? ValueKind::sequence : ValueKind::optional);
    outer.element = std::make_shared<const ValueType>(type.inner ? type_of(*type.inner) : ValueType());
    return outer;
  }
  if (type.kind == OnnxKind::none) fail(ErrorCode::unsupported, "a value is a map or a sparse tensor");
  const bool is_text = type.element == OnnxType::string;
  ValueType result{is_text ? ValueKind::string : ValueKind::tensor, nullptr, {}, type.dims.has_value(), nullptr};
  if (!is_text && type.element != OnnxType::undefined) result.storage = storage_of_onnx(type.element);
  for (const OnnxDim& dim : type.dims.value_or(std::vector<OnnxDim>())) result.dims.push_back(dim_of(dim));
  return result;
}

std::string GraphImporter::unique_name(const std::string& wanted, std::set<std::string>& taken) {
  std::string name = wanted.empty() ? "unnamed" : wanted;
  std::ranges::replace(name, '\n', '.');
  for (size_t number = 1; !taken.insert(name).second; ++number) name = fmt::format("{}~{}", wanted, number);
  return name;
}

graph::ValueId GraphImporter::define(const std::string& name, graph::Value value) {
  if (!name.empty() && names_.contains(name)) fail(ErrorCode::bad_input, "value \"{}\" is computed twice", name);
  value.name = unique_name(name, value_names_);
  const ValueId id = graph_->add_value(std::move(value));
  if (!name.empty()) names_[name] = id;
  return id;
}

std::optional<graph::ValueId> GraphImporter::find(const std::string& name) {
  const auto known = names_.find(name);
  if (known != names_.end()) return known->second;
  if (!outer_) return std::nullopt;
  const auto outside = outer_->find(name);
  if (!outside) return std::nullopt;
  const auto type = seen_from_inside(outer_->graph_->value(*outside).type);
  return define(name, {{}, type, ValueOrigin::captured, {}, *outside});
}

graph::ValueId GraphImporter::require(const std::string& name, const std::string& user) {
  if (const auto id = find(name)) return *id;
  fail(ErrorCode::bad_input,
       "{} uses \"{}\", which is neither an input nor an initializer nor computed before it (nodes must stand in an "
       "order of execution, without cycles)",
       user, name);
}

void GraphImporter::add_texts(const OnnxTensor& tensor) {
  OnnxNode node{tensor.name, "TextConstant", {}, {}, {}, {tensor.name}, {}};
  node.attributes.push_back({"texts", tensor.strings, {}});
  node.attributes.push_back({"dims", tensor.dims, {}});
  add_operator(node, *ops::find_standard_op(node.op));
}

void GraphImporter::add_initializer(const OnnxTensor& tensor) {
  if (tensor.type == OnnxType::string) return add_texts(tensor);
  with_context(fmt::format("tensor \"{}\"", tensor.name), [&] {
    const auto count = static_cast<size_t>(checked_element_count(tensor.dims));
    const StorageType storage = storage_of_onnx(tensor.type);
    if (count * storage->block_bytes <= kMaxConstantBytes && tensor.dims.size() <= 8) {
      define(tensor.name, constant_value(host_tensor_of(tensor)));
      return;
    }
    const ValueType type = ValueType::tensor(storage, {tensor.dims.begin(), tensor.dims.end()});
    const ValueId id = define(tensor.name, {{}, type, ValueOrigin::weight, {}, graph::kNoValue});
    auto& name = graph_->values[id].name;
    while (context_.weights.contains(name)) name = unique_name(name, value_names_);
    context_.weights.add(model_tensor_of(tensor, name, context_.where));
  });
}

void GraphImporter::add_inputs(const OnnxGraph& source) {
  for (const OnnxValueInfo& info : source.inputs) {
    if (!outer_ && names_.contains(info.name)) continue;  // an initializer is its default, and stays
    const size_t at = graph_->inputs.size();
    const ValueType given = at < given_.size() ? given_[at] : ValueType{ValueKind::tensor, nullptr, {}, false, nullptr};
    ValueType type = info.type.kind == OnnxKind::none ? given : type_of(info.type);
    graph_->inputs.push_back(define(info.name, {{}, std::move(type), ValueOrigin::input, {}, graph::kNoValue}));
  }
}

void GraphImporter::add_nodes(const OnnxGraph& source, const std::vector<OnnxOpset>& opsets) {
  for (VersionedNode& entry : inline_functions(source.nodes, context_.model, opsets, context_.made_nodes)) {
    const std::string label = label_of(entry.node);
    with_context(fmt::format("node '{}' ({})", label, entry.node.op),
                 [&] { add_node(std::move(entry.node), entry.opset); });
  }
}

void GraphImporter::add_node(OnnxNode node, int64_t opset) {
  if (node.domain.empty() && node.op == "Constant") return add_constant_node(node);
  std::vector<OnnxTensor> constants;
  if (node.domain.empty()) {
    bring_up_to_date(node, opset, constants);
  } else {
    adopt_foreign(node);
  }
  const ops::StandardOp* op = node.domain.empty() ? ops::find_standard_op(node.op) : nullptr;
  if (!op) {
    context_.unknown_operators.insert(node.domain.empty() ? fmt::format("{}-{}", node.op, opset)
                                                          : node.domain + "." + node.op);
    for (const std::string& name : node.outputs) {
      if (!name.empty())
        define(name, {{}, {ValueKind::tensor, nullptr, {}, false, nullptr}, ValueOrigin::node, {}, graph::kNoValue});
    }
    return;
  }
  const auto first = node.inputs.empty() ? std::nullopt : find(node.inputs[0]);
  const StorageType type = first ? graph_->value(*first).type.storage : nullptr;
  for (const OnnxTensor& constant : constants) add_initializer(in_floats_of(constant, type));
  add_operator(node, *op);
}

void GraphImporter::add_constant_node(const OnnxNode& node) {
  OnnxTensor tensor = constant_of(node);
  if (node.outputs.size() != 1) fail(ErrorCode::bad_input, "a constant has {} outputs", node.outputs.size());
  tensor.name = node.outputs[0];
  add_initializer(tensor);
}

std::vector<ValueType> GraphImporter::given_to_loop(const graph::Node& node) const {
  std::vector<ValueType> types{ValueType::tensor(&codecs::i64.info, {}), ValueType::tensor(&codecs::boolean.info, {})};
  for (size_t i = types.size(); i < node.inputs.size() && node.inputs[i] != graph::kNoValue; ++i) {
    types.push_back(seen_in_rounds(graph_->value(node.inputs[i]).type));
  }
  return types;
}

/// States keep their shape; of what is scanned a body sees slices.
std::vector<ValueType> GraphImporter::given_to_scan(const graph::Node& node) const {
  const auto scanned = static_cast<size_t>(std::max<int64_t>(0, int_attribute_or(node, "num_scan_inputs", 0)));
  const size_t states = node.inputs.size() - std::min(scanned, node.inputs.size());
  const auto found = node.attributes.find("scan_input_axes");
  const auto* axes = found == node.attributes.end() ? nullptr : std::get_if<std::vector<int64_t>>(&found->second);
  std::vector<ValueType> types;
  for (size_t i = 0; i < node.inputs.size() && node.inputs[i] != graph::kNoValue; ++i) {
    ValueType type = seen_from_inside(graph_->value(node.inputs[i]).type);
    if (i >= states && type.rank_known) {
      const int64_t axis = axes && i - states < axes->size() ? (*axes)[i - states] : 0;
      const size_t at = ops::checked_axis(axis, type.dims.size());
      type.dims.erase(type.dims.begin() + static_cast<std::ptrdiff_t>(at));
    }
    types.push_back(std::move(type));
  }
  return types;
}

std::vector<ValueType> GraphImporter::given_to_body(const graph::Node& node) const {
  if (node.op->name == "Loop") return given_to_loop(node);
  return node.op->name == "Scan" ? given_to_scan(node) : std::vector<ValueType>();
}

void GraphImporter::set_attributes(const OnnxNode& source, graph::Node& node) {
  for (const OnnxAttribute& attribute : source.attributes) {
    if (std::holds_alternative<OnnxSubgraph>(attribute.value)) continue;
    if (auto value = std::visit(AttributeConverter{}, attribute.value)) {
      node.attributes.emplace(attribute.name, std::move(*value));
    } else if (!std::holds_alternative<std::monostate>(attribute.value)) {
      fail(ErrorCode::unsupported, "attribute '{}' is of a kind that is not known for it", attribute.name);
    }
  }
  add_bodies(source, node);
}

void GraphImporter::add_bodies(const OnnxNode& source, graph::Node& node) {
  std::map<std::string_view, std::shared_ptr<graph::Graph>> bodies;
  for (const OnnxAttribute& attribute : source.attributes) {
    const auto* body = std::get_if<OnnxSubgraph>(&attribute.value);
    if (!body) continue;
    if (!*body) fail(ErrorCode::unsupported, "attribute '{}' is of a kind that is not known for it", attribute.name);
    GraphImporter inner(context_, this, depth_ + 1);
    inner.given_ = given_to_body(node);
    bodies[attribute.name] = inner.import(**body, opsets_);
  }
  for (const std::string_view name : kBodyNames) {
    if (bodies.contains(name)) node.subgraphs.push_back(bodies[name]);
  }
}

ValueType GraphImporter::refined(ValueType type, const std::string& name) {
  const auto found = declared_.find(name);
  if (found == declared_.end() || found->second.kind != type.kind) return type;
  const ValueType& declared = found->second;
  if (!type.storage) type.storage = declared.storage;
  if (!type.rank_known && declared.rank_known) {
    type.rank_known = true;
    type.dims = declared.dims;
  } else if (declared.rank_known && declared.dims.size() == type.dims.size()) {
    for (size_t i = 0; i < type.dims.size(); ++i) {
      if (!type.dims[i].is_known()) type.dims[i] = declared.dims[i];
    }
  }
  return type;
}

void GraphImporter::add_computed_values(const OnnxNode& source, graph::Node& node) {
  graph::NodeTypes types{node, {}};
  for (const ValueId id : node.inputs) {
    types.inputs.push_back(id == graph::kNoValue ? nullptr : &graph_->value(id).type);
  }
  auto inferred = node.op->infer(types);
  inferred.resize(source.outputs.size(), ValueType{ValueKind::tensor, nullptr, {}, false, nullptr});
  for (size_t i = 0; i < source.outputs.size(); ++i) {
    const std::string& name = source.outputs[i];
    graph::Value value{{}, refined(inferred[i], name), ValueOrigin::node, {}, graph::kNoValue};
    if (name.empty()) {
      value.name = unique_name(fmt::format("{}:{}", node.name, i), value_names_);
      node.outputs[i] = graph_->add_value(std::move(value));
    } else {
      node.outputs[i] = define(name, std::move(value));
    }
  }
}

void GraphImporter::add_operator(const OnnxNode& source, const ops::StandardOp& op) {
  if (source.outputs.empty()) fail(ErrorCode::bad_input, "it has no outputs");
  graph::Node node;
  node.op = &op;
  node.name = unique_name(label_of(source), node_names_);
  for (const std::string& name : source.inputs) {
    node.inputs.push_back(name.empty() ? graph::kNoValue : require(name, "it"));
  }
  while (!node.inputs.empty() && node.inputs.back() == graph::kNoValue) node.inputs.pop_back();
  set_attributes(source, node);
  node.outputs.resize(source.outputs.size());
  add_computed_values(source, node);
  graph_->nodes.push_back(std::move(node));
}

void GraphImporter::add_outputs(const OnnxGraph& source) {
  for (const OnnxValueInfo& info : source.outputs) {
    graph_->outputs.push_back(require(info.name, fmt::format("graph '{}'", source.name)));
  }
}

}  // namespace adze::formats
