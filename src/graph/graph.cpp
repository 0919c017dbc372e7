#include "graph/graph.h"

#include <fmt/format.h>

#include "base/error.h"

namespace adze::graph {
namespace {

const Attribute* find_attribute(const Node& node, std::string_view name) {
  const auto found = node.attributes.find(name);
  return found == node.attributes.end() ? nullptr : &found->second;
}

std::vector<ValueType> infer_outputs(const Graph& graph, const Node& node) {
  NodeTypes types{node, {}};
  for (const ValueId input : node.inputs) {
    types.inputs.push_back(input == kNoValue ? nullptr : &graph.value(input).type);
  }
  return with_context(fmt::format("node '{}' ({})", node.name, node.op->name), [&] { return node.op->infer(types); });
}

}  // namespace

SymbolId Graph::add_symbol(std::string symbol_name, int64_t minimum, int64_t maximum) {
  symbols.push_back({std::move(symbol_name), minimum, maximum});
  return static_cast<SymbolId>(symbols.size() - 1);
}

ValueId Graph::add_value(Value value) {
  values.push_back(std::move(value));
  return static_cast<ValueId>(values.size() - 1);
}

ValueId Graph::add_input(std::string value_name, ValueType type) {
  inputs.push_back(add_value({std::move(value_name), std::move(type), ValueOrigin::input, {}, kNoValue}));
  return inputs.back();
}

ValueId Graph::add_weight(std::string value_name, std::vector<Dim> dims) {
  return add_value(
      {std::move(value_name), ValueType::tensor(nullptr, std::move(dims)), ValueOrigin::weight, {}, kNoValue});
}

ValueId Graph::add_state(std::string value_name, ValueType type) {
  return add_value({std::move(value_name), std::move(type), ValueOrigin::state, {}, kNoValue});
}

std::vector<ValueId> Graph::add_node(const OpSchema& op, std::string node_name, std::vector<ValueId> node_inputs,
                                     Attributes attributes) {
  Node node{&op, std::move(node_name), std::move(node_inputs), {}, std::move(attributes), {}, {}};
  auto types = infer_outputs(*this, node);
  for (size_t i = 0; i < types.size(); ++i) {
    const auto output_name = types.size() == 1 ? node.name : fmt::format("{}:{}", node.name, i);
    node.outputs.push_back(add_value({output_name, std::move(types[i]), ValueOrigin::node, {}, kNoValue}));
  }
  nodes.push_back(std::move(node));
  return nodes.back().outputs;
}

std::optional<ValueId> Graph::find_value(std::string_view value_name) const {
  for (ValueId id = 0; id < values.size(); ++id) {
    if (values[id].name == value_name) return id;
  }
  return std::nullopt;
}

int64_t int_attribute(const Node& node, std::string_view name) {
  const Attribute* attribute = find_attribute(node, name);
  if (!attribute || !std::holds_alternative<int64_t>(*attribute)) {
    fail(ErrorCode::bad_input, "attribute '{}' must be an integer", name);
  }
  return std::get<int64_t>(*attribute);
}

double number_attribute(const Node& node, std::string_view name) {
  const Attribute* attribute = find_attribute(node, name);
  if (attribute && std::holds_alternative<double>(*attribute)) return std::get<double>(*attribute);
  if (attribute && std::holds_alternative<int64_t>(*attribute)) {
    return static_cast<double>(std::get<int64_t>(*attribute));
  }
  fail(ErrorCode::bad_input, "attribute '{}' must be a number", name);
}

int64_t int_attribute_or(const Node& node, std::string_view name, int64_t fallback) {
  return find_attribute(node, name) ? int_attribute(node, name) : fallback;
}

double number_attribute_or(const Node& node, std::string_view name, double fallback) {
  return find_attribute(node, name) ? number_attribute(node, name) : fallback;
}

std::string string_attribute_or(const Node& node, std::string_view name, std::string_view fallback) {
  const Attribute* attribute = find_attribute(node, name);
  if (!attribute) return std::string(fallback);
  if (!std::holds_alternative<std::string>(*attribute)) {
    fail(ErrorCode::bad_input, "attribute '{}' must be a string", name);
  }
  return std::get<std::string>(*attribute);
}

}  // namespace adze::graph
