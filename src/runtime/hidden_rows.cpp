#include "runtime/hidden_rows.h"

#include <algorithm>

#include "base/error.h"
#include "ops/linear/linear.h"
#include "passes/remove_dead_nodes.h"

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

}  // namespace

Graph graph_of_hidden_rows(const Graph& graph) {
  Graph cut = graph;
  cut.outputs = {product_of_logits(graph).inputs.front()};
  passes::remove_dead_nodes({cut, {}});
  return cut;
}

}  // namespace adze::runtime
