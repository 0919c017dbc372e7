#include "passes/value_uses.h"

#include <algorithm>

#include "ops/standard/standard_op.h"

namespace adze::passes {

using graph::NodeId;
using graph::ValueId;

ValueUses::ValueUses(const graph::Graph& graph)
    : counts_(graph.values.size(), 0), producers_(graph.values.size(), kNone), last_users_(graph.values.size(), kNone) {
  const auto use = [&](ValueId id, NodeId user) {
    ++counts_[id];
    last_users_[id] = user;
  };
  for (NodeId i = 0; i < graph.nodes.size(); ++i) {
    for (const ValueId id : graph.nodes[i].outputs) producers_[id] = i;
    for (const ValueId id : graph.nodes[i].inputs) {
      if (id != graph::kNoValue) use(id, i);
    }
    for (const auto& body : graph.nodes[i].subgraphs) {
      for (const auto& value : body->values) {
        if (value.origin == graph::ValueOrigin::captured) use(value.outer, kNone);
      }
    }
  }
  for (const ValueId id : graph.outputs) use(id, kNone);
}

std::optional<NodeId> ValueUses::producer(ValueId id) const {
  return id == graph::kNoValue || producers_[id] == kNone ? std::nullopt : std::optional(producers_[id]);
}

std::optional<NodeId> ValueUses::only_user(ValueId id) const {
  return counts_[id] != 1 || last_users_[id] == kNone ? std::nullopt : std::optional(last_users_[id]);
}

namespace {

struct RequiredInputs {
  std::string_view op;
  size_t count;
};

/// Of the ops whose inputs passes look at; of others the first. What is missing in a file is told when the node is
/// computed.
constexpr RequiredInputs kRequired[] = {
    {"Add", 2},         {"BatchNormalization", 5},
    {"Conv", 2},        {"ConvTranspose", 2},
    {"Div", 2},         {"DequantizeLinear", 2},
    {"Equal", 2},       {"FusedConv", 2},
    {"Gemm", 2},        {"MatMul", 2},
    {"Max", 2},         {"Min", 2},
    {"Mul", 2},         {"QLinearAdd", 8},
    {"QLinearConv", 8}, {"QuantizeLinear", 2},
    {"Reshape", 2},     {"Sub", 2},
};
bool has_required_inputs(const graph::Node& node) {
  if (node.outputs.empty()) return false;
  const auto found = std::ranges::find(kRequired, node.op->name, &RequiredInputs::op);
  const size_t count = found == std::end(kRequired) ? 1 : found->count;
  return node.inputs.size() >= count &&
         std::none_of(node.inputs.begin(), node.inputs.begin() + static_cast<std::ptrdiff_t>(count),
                      [](ValueId id) { return id == graph::kNoValue; });
}

}  // namespace

std::string_view standard_name(const graph::Node& node) {
  const std::string_view name = node.op->name;
  return ops::find_standard_op(name) == node.op && has_required_inputs(node) ? name : std::string_view();
}

ValueId input_of(const graph::Node& node, size_t input) {
  return input < node.inputs.size() ? node.inputs[input] : graph::kNoValue;
}

std::optional<std::vector<int64_t>> constant_dims(const graph::ValueType& type) {
  if (type.kind != graph::ValueKind::tensor || !type.rank_known) return std::nullopt;
  std::vector<int64_t> dims;
  for (const graph::Dim& dim : type.dims) {
    if (!dim.is_constant()) return std::nullopt;
    dims.push_back(dim.constant());
  }
  return dims;
}

}  // namespace adze::passes
