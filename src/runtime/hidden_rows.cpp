#include "runtime/hidden_rows.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "ops/linear/linear.h"

namespace adze::runtime {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

const Node* producer_of(const Graph& graph, ValueId id) {
  const auto makes = [&](const Node& node) { return std::ranges::find(node.outputs, id) != node.outputs.end(); };
  const auto found = std::ranges::find_if(graph.nodes, makes);
  return found == graph.nodes.end() ? nullptr : &*found;
}

// Scales, caps and products of adapters stand behind it; what they change is their first input.
const Node& product_of_logits(const Graph& graph) {
  const Node* node = producer_of(graph, graph.outputs.front());
  while (node && node->op != &ops::linear && !node->inputs.empty()) node = producer_of(graph, node->inputs.front());
  if (node && node->op == &ops::linear) return *node;
  fail(ErrorCode::unsupported, "{}: the model's logits are made by no product with a matrix", graph.name);
}

// Nodes stand in an order of execution, so one walk from the end finds all that is needed.
void keep_needed(Graph& graph) {
  std::vector<bool> is_needed(graph.values.size());
  for (const ValueId id : graph.outputs) is_needed[id] = true;
  std::vector<Node> kept;
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (std::ranges::none_of(node->outputs, [&](ValueId id) { return is_needed[id]; })) continue;
    for (const ValueId id : node->inputs) {
      if (id != graph::kNoValue) is_needed[id] = true;
    }
    kept.push_back(std::move(*node));
  }
  std::ranges::reverse(kept);
  graph.nodes = std::move(kept);
}

}  // namespace

Graph graph_of_hidden_rows(const Graph& graph) {
  Graph cut = graph;
  cut.outputs = {product_of_logits(graph).inputs.front()};
  keep_needed(cut);
  return cut;
}

}  // namespace adze::runtime
