#include "passes/remove_dead_nodes.h"

#include <algorithm>

#include "graph/rewrite.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

bool has_effect(const Graph& graph, const Node& node) {
  const auto is_effect = [&](ValueId id) { return graph.value(id).type.kind == graph::ValueKind::effect; };
  if (node.outputs.empty() || std::ranges::any_of(node.outputs, is_effect)) return true;
  return std::ranges::any_of(node.subgraphs, [](const auto& subgraph) {
    return std::ranges::any_of(subgraph->nodes, [&](const Node& inner) { return has_effect(*subgraph, inner); });
  });
}

void mark_inputs(const Node& node, std::vector<bool>& used) {
  for (const ValueId id : node.inputs) {
    if (id != graph::kNoValue) used[id] = true;
  }
  for (const auto& subgraph : node.subgraphs) {
    for (const auto& value : subgraph->values) {
      if (value.origin == graph::ValueOrigin::captured) used[value.outer] = true;
    }
  }
}

}  // namespace

bool remove_dead_nodes(const PassContext& context) {
  Graph& graph = context.graph;
  std::vector<bool> used(graph.values.size());
  for (const ValueId id : graph.outputs) used[id] = true;
  std::vector<bool> dead(graph.nodes.size());
  for (size_t i = graph.nodes.size(); i-- > 0;) {  // users stand behind what they use
    const Node& node = graph.nodes[i];
    dead[i] = !has_effect(graph, node) && std::ranges::none_of(node.outputs, [&](ValueId id) { return used[id]; });
    if (!dead[i]) mark_inputs(node, used);
  }
  const bool any_dead = std::ranges::find(dead, true) != dead.end();
  if (any_dead) graph::remove_nodes(graph, dead);
  return graph::remove_unused_values(graph) || any_dead;
}

}  // namespace adze::passes
