#include "graph/rewrite.h"

#include <algorithm>
#include <unordered_map>

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

// A value is captured once: of several captures of the same value the first stays.
void merge_equal_captures(Graph& subgraph) {
  std::unordered_map<ValueId, ValueId> first_captures;
  std::vector<ValueId> replacements(subgraph.values.size(), kNoValue);
  std::vector<bool> removed(subgraph.values.size());
  for (ValueId id = 0; id < subgraph.values.size(); ++id) {
    if (subgraph.values[id].origin != ValueOrigin::captured) continue;
    const auto [first, is_new] = first_captures.emplace(subgraph.values[id].outer, id);
    if (is_new) continue;
    replacements[id] = first->second;
    removed[id] = true;
  }
  if (std::ranges::find(removed, true) == removed.end()) return;
  replace_uses(subgraph, replacements);
  remove_values(subgraph, removed);
}

}  // namespace

Graph deep_copy(const Graph& graph) {
  Graph copy = graph;
  for (Node& node : copy.nodes) {
    for (auto& subgraph : node.subgraphs) subgraph = std::make_shared<Graph>(deep_copy(*subgraph));
  }
  return copy;
}

void replace_uses(Graph& graph, const std::vector<ValueId>& replacements) {
  visit_uses(graph, [&](ValueId& id) {
    while (replacements[id] != kNoValue) id = replacements[id];
  });
  for (const Node& node : graph.nodes) {
    for (const auto& subgraph : node.subgraphs) merge_equal_captures(*subgraph);
  }
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

bool remove_unused_values(Graph& graph) {
  std::vector<bool> removed(graph.values.size());
  for (ValueId id = 0; id < graph.values.size(); ++id) {
    const auto origin = graph.values[id].origin;
    removed[id] = origin == ValueOrigin::weight || origin == ValueOrigin::constant || origin == ValueOrigin::captured;
  }
  visit_uses(graph, [&](const ValueId& id) { removed[id] = false; });
  if (std::ranges::find(removed, true) == removed.end()) return false;
  remove_values(graph, removed);
  return true;
}

}  // namespace adze::graph
