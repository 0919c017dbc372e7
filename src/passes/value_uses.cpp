#include "passes/value_uses.h"

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

std::string_view standard_name(const graph::Node& node) {
  return ops::find_standard_op(node.op->name) == node.op ? node.op->name : std::string_view();
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
