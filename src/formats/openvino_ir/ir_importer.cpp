// lint: foreign names: OpenVINO
#include "formats/openvino_ir/ir_importer.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "formats/openvino_ir/ir_meanings.h"
#include "formats/openvino_ir/ir_numbers.h"

namespace adze::formats {
namespace {

using graph::Dim;
using graph::ValueKind;
using graph::ValueOrigin;
using graph::ValueType;

ValueType type_of(StorageType storage, const std::optional<std::vector<int64_t>>& dims) {
  ValueType type{ValueKind::tensor, storage, {}, dims.has_value(), nullptr};
  for (const int64_t dim : dims.value_or(std::vector<int64_t>())) {
    type.dims.push_back(dim < 0 ? Dim::unknown() : Dim(dim));
  }
  return type;
}

std::string label_of(const IrLayer& layer) { return fmt::format("layer '{}' ({})", layer.name, layer.type); }

}  // namespace

IrImporter::IrImporter(const IrGraph& source, const IrDocument& document, model::TensorList& weights, IrImporter* outer)
    : source_(source),
      document_(document),
      outer_(outer),
      depth_(outer ? outer->depth_ + 1 : 0),
      nodes_(*graph_, weights) {
  if (depth_ > graph::kMaxSubgraphDepth) fail(ErrorCode::bad_input, "bodies are nested too deep");
  index_source();
}

void IrImporter::index_source() {
  for (size_t i = 0; i < source_.layers.size(); ++i) {
    if (!layers_.emplace(source_.layers[i].id, i).second) {
      fail(ErrorCode::bad_input, "layer {} exists twice", source_.layers[i].id);
    }
  }
  for (const IrEdge& edge : source_.edges) {
    for (const int64_t end : {edge.from_layer, edge.to_layer}) {
      if (!layers_.contains(end)) fail(ErrorCode::bad_input, "an edge names layer {}, which does not exist", end);
    }
    if (!sources_.emplace(Port{edge.to_layer, edge.to_port}, Port{edge.from_layer, edge.from_port}).second) {
      fail(ErrorCode::bad_input, "{} has two edges to port {}", label_of(source_.layers[layers_[edge.to_layer]]),
           edge.to_port);
    }
  }
}

// Each layer behind those that it takes from, otherwise as in the file.
std::vector<size_t> IrImporter::order() const {
  enum class Mark : uint8_t { unseen, open, done };
  std::vector<Mark> marks(source_.layers.size(), Mark::unseen);
  std::vector<std::vector<size_t>> needed(source_.layers.size());
  for (const IrEdge& edge : source_.edges) needed[layers_.at(edge.to_layer)].push_back(layers_.at(edge.from_layer));
  std::vector<size_t> ordered;
  for (size_t root = 0; root < source_.layers.size(); ++root) {
    std::vector<size_t> path{root};
    while (!path.empty()) {
      const size_t at = path.back();
      if (marks[at] == Mark::unseen) marks[at] = Mark::open;
      const auto next = std::ranges::find_if(needed[at], [&](size_t from) { return marks[from] != Mark::done; });
      if (next != needed[at].end()) {
        if (marks[*next] == Mark::open) {
          fail(ErrorCode::bad_input, "{} needs its own output: the graph has a cycle", label_of(source_.layers[*next]));
        }
        path.push_back(*next);
        continue;
      }
      if (marks[at] == Mark::open) ordered.push_back(at);
      marks[at] = Mark::done;
      path.pop_back();
    }
  }
  return ordered;
}

void IrImporter::import() {
  graph_->name = is_body() ? "body" : document_.name;
  for (const size_t index : order()) {
    const IrLayer& layer = source_.layers[index];
    with_context(label_of(layer), [&] { add_layer(layer); });
  }
  if (!is_body()) name_outputs();
}

void IrImporter::add_layer(const IrLayer& layer) {
  nodes_.enter(layer.name);
  if (layer.type == "Parameter") return add_parameter(layer);
  if (layer.type == "Const" || layer.type == "Constant") return add_constant(layer);
  if (layer.type == "Result") return add_result(layer);
  add_step(layer);
}

void IrImporter::add_parameter(const IrLayer& layer) {
  if (layer.outputs.size() != 1) fail(ErrorCode::bad_input, "it has {} outputs", layer.outputs.size());
  const IrPort& port = layer.outputs[0];
  const auto bound = bound_.find(layer.id);
  if (bound != bound_.end()) {
    values_[{layer.id, port.id}] = bound->second;
    return;
  }
  const auto shape = layer.attributes.find("shape");
  const auto element = layer.attributes.find("element_type");
  if (element == layer.attributes.end()) fail(ErrorCode::bad_input, "it has no attribute 'element_type'");
  const auto dims = shape == layer.attributes.end() ? std::nullopt : ir_dims(shape->second);
  const StorageType storage = element->second == "dynamic" ? nullptr : storage_of_ir(element->second);
  const std::string& name = port.name.empty() ? layer.name : port.name;
  values_[{layer.id, port.id}] = nodes_.input(name, type_of(storage, dims));
}

void IrImporter::add_constant(const IrLayer& layer) {
  if (layer.outputs.size() != 1) fail(ErrorCode::bad_input, "it has {} outputs", layer.outputs.size());
  values_[{layer.id, layer.outputs[0].id}] = nodes_.stored(ir_constant(layer, document_));
}

std::vector<graph::ValueId> IrImporter::inputs_of(const IrLayer& layer) const {
  std::vector<ValueId> inputs;
  for (const IrPort& port : layer.inputs) {
    const auto source = sources_.find({layer.id, port.id});
    if (source == sources_.end()) fail(ErrorCode::bad_input, "no edge leads to its port {}", port.id);
    const auto value = values_.find(source->second);
    if (value == values_.end()) {
      const IrLayer& from = source_.layers[layers_.at(source->second.first)];
      fail(ErrorCode::bad_input, "it takes port {} of {}, which has no such output", source->second.second,
           label_of(from));
    }
    inputs.push_back(value->second);
  }
  return inputs;
}

void IrImporter::add_result(const IrLayer& layer) {
  const auto inputs = inputs_of(layer);
  if (inputs.size() != 1) fail(ErrorCode::bad_input, "it has {} inputs", inputs.size());
  results_[layer.id] = inputs[0];
  const Port from = sources_.at({layer.id, layer.inputs[0].id});
  const IrLayer& source = source_.layers[layers_.at(from.first)];
  const auto port = std::ranges::find(source.outputs, from.second, &IrPort::id);
  const std::string& name = port == source.outputs.end() || port->name.empty() ? layer.name : port->name;
  outputs_.emplace_back(name, inputs[0]);
}

void IrImporter::add_step(const IrLayer& layer) {
  const IrMeaning* meaning = find_ir_meaning(layer.type);
  if (!meaning) fail(ErrorCode::unsupported, "the type is not known");
  IrStep step(layer, inputs_of(layer), nodes_, *this);
  meaning->put(step, meaning->standard);
  for (size_t i = 0; i < layer.outputs.size(); ++i) {
    const IrPort& port = layer.outputs[i];
    const auto value = step.outputs()[i];
    if (!value) continue;
    nodes_.refine(*value, type_of(storage_of_ir_port(port.precision), port.dims));
    values_[{layer.id, port.id}] = *value;
  }
}

graph::ValueId IrImporter::result(int64_t layer) const {
  const auto found = results_.find(layer);
  if (found == results_.end()) fail(ErrorCode::bad_input, "the body has no result {}", layer);
  return found->second;
}

// Values have OpenVINO's names; inputs, constants and what is given out twice pass through a node that has.
void IrImporter::name_outputs() {
  std::set<ValueId> given;
  for (const auto& [name, value] : outputs_) {
    ValueId output = value;
    if (graph_->value(value).origin != ValueOrigin::node || !given.insert(value).second) {
      nodes_.enter(name);
      output = nodes_.add("Identity", {value});
      given.insert(output);
    }
    nodes_.rename(output, name);
    graph_->outputs.push_back(output);
  }
}

// After a reset a variable is what its layer is given, else zeros, with 0 where its shape is open.
graph::ValueId IrImporter::read_variable(IrStep& step) {
  if (is_body()) step.refuse("variables in bodies are not read");
  const std::string variable = step.word("variable_id", "");
  const auto known = variables_.find(variable);
  const StorageType storage = step.has(0) ? step.storage(0) : step.type("variable_type", "f32");
  std::vector<int64_t> dims;
  if (!step.has(0)) {
    dims = ir_dims(step.word("variable_shape", "...")).value_or(std::vector<int64_t>());
    for (int64_t& dim : dims) dim = std::max<int64_t>(dim, 0);
  }
  if (known == variables_.end()) {
    ValueType type = ValueType::of_kind(ValueKind::optional);
    type.element = std::make_shared<const ValueType>(type_of(storage, std::nullopt));
    variables_[variable] = nodes_.input(variable, std::move(type));
  }
  const ValueId kept = variables_[variable];
  const ValueId first = step.has(0) ? step.input(0) : nodes_.constant(ops::zeros(storage, dims));
  const ValueId is_kept = nodes_.add("OptionalHasElement", {kept});
  const auto branch = [&](ValueId value, std::string_view op) {
    auto body = std::make_shared<graph::Graph>();
    StandardNodes inner(*body, weights());
    body->name = std::string(op);
    body->outputs = {inner.add(op, {inner.capture(*graph_, value)})};
    return body;
  };
  return nodes_.add_with_bodies("If", {is_kept}, {branch(kept, "OptionalGetElement"), branch(first, "Identity")}, 1)
      .front();
}

void IrImporter::assign_variable(IrStep& step) {
  if (is_body()) step.refuse("variables in bodies are not written");
  outputs_.emplace_back(step.word("variable_id", "") + ".next", step.input(0));
}

}  // namespace adze::formats
