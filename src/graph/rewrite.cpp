#include "graph/rewrite.h"

namespace adze::graph {
namespace {

/// Calls `visit(ValueId&)` for every use of a value of `graph`, omitted inputs excepted.
template <typename Visit>
void visit_uses(Graph& graph, Visit visit) {
  for (Node& node : graph.nodes) {
    for (ValueId& id : node.inputs) {
      if (id != kNoValue) visit(id);
    }
    for (const auto& subgraph : node.subgraphs) {
      for (Value& value : subgraph->values) {
        if (value.origin == ValueOrigin::captured) visit(value.outer);
      }
    }
  }
  for (ValueId& id : graph.outputs) visit(id);
}

void remove_values(Graph& graph, const std::vector<bool>& removed) {
  std::vector<ValueId> new_ids(graph.values.size(), kNoValue);
  std::vector<Value> kept;
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    if (removed[id]) continue;
    new_ids[id] = static_cast<ValueId>(kept.size());
    kept.push_back(std::move(graph.values[id]));
  }
  graph.values = std::move(kept);
  visit_uses(graph, [&](ValueId& id) { id = new_ids[id]; });
  for (ValueId& id : graph.inputs) id = new_ids[id];
  for (Node& node : graph.nodes) {
    for (ValueId& id : node.outputs) id = new_ids[id];
  }
}

}  // namespace

void replace_uses(Graph& graph, const std::vector<ValueId>& replacements) {
  visit_uses(graph, [&](ValueId& id) {
    while (replacements[id] != kNoValue) id = replacements[id];
  });
}

void remove_nodes(Graph& graph, const std::vector<bool>& removed) {
  std::vector<bool> removed_values(graph.values.size(), false);
  std::vector<Node> kept;
  for (NodeId i = 0; i < graph.nodes.size(); ++i) {
    if (removed[i]) {
      for (const ValueId id : graph.nodes[i].outputs) removed_values[id] = true;
    } else {
      kept.push_back(std::move(graph.nodes[i]));
    }
  }
  graph.nodes = std::move(kept);
  remove_values(graph, removed_values);
}

void remove_unused_values(Graph& graph) {
  std::vector<bool> removed(graph.values.size());
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    const auto origin = graph.values[id].origin;
    removed[id] = origin == ValueOrigin::captured || origin == ValueOrigin::constant;
  }
  visit_uses(graph, [&](const ValueId& id) { removed[id] = false; });
  remove_values(graph, removed);
}

}  // namespace adze::graph
