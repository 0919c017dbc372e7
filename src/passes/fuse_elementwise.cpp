#include "passes/fuse_elementwise.h"

#include <algorithm>

#include "codecs/codec.h"
#include "graph/rewrite.h"
#include "ops/standard/elementwise_program.h"
#include "ops/standard/standard_op.h"
#include "passes/body_nodes.h"
#include "passes/value_uses.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

constexpr std::string_view kFused = "FusedElementwise";
/// Steps of a node: rows of all of them should fit into a level-1 cache.
constexpr size_t kMostSteps = 32;

class ElementwiseFuser {
 public:
  explicit ElementwiseFuser(Graph& graph)
      : graph_(graph), uses_(graph), ends_(graph.nodes.size(), kNone), sizes_(graph.nodes.size(), 0) {}

  bool run() {
    find_groups();
    std::vector<bool> removed(graph_.nodes.size(), false);
    bool changed = false;
    for (NodeId end = 0; end < graph_.nodes.size(); ++end) {
      if (ends_[end] != end || sizes_[end] < 2) continue;
      fuse(end, removed);
      changed = true;
    }
    if (changed) graph::remove_nodes(graph_, removed);
    return changed;
  }

 private:
  static constexpr NodeId kNone = UINT32_MAX;

  bool is_float(ValueId id) const {
    if (id == kNoValue) return false;
    const auto& type = graph_.value(id).type;
    return type.kind == graph::ValueKind::tensor && type.storage == &codecs::f32.info;
  }

  bool is_candidate(const Node& node) const {
    const auto* function = ops::find_elementwise_function(standard_name(node));
    return function && node.inputs.size() == function->inputs && node.outputs.size() == 1 &&
           is_float(node.outputs[0]) && std::ranges::all_of(node.inputs, [&](ValueId id) { return is_float(id); });
  }

  /// A node joins the group of the nodes behind it where all that use its value are in one.
  void find_groups() {
    std::vector<std::vector<NodeId>> users(graph_.values.size());
    for (NodeId i = 0; i < graph_.nodes.size(); ++i) {
      for (const ValueId id : graph_.nodes[i].inputs) {
        if (id != kNoValue) users[id].push_back(i);
      }
    }
    for (NodeId i = static_cast<NodeId>(graph_.nodes.size()); i-- > 0;) {
      if (!is_candidate(graph_.nodes[i])) continue;
      ends_[i] = end_behind(i, users[graph_.nodes[i].outputs[0]]);
      ++sizes_[ends_[i]];
    }
  }

  NodeId end_behind(NodeId node, const std::vector<NodeId>& users) const {
    const bool only_nodes = uses_.count(graph_.nodes[node].outputs[0]) == users.size();  // no output, no sub-graph
    if (users.empty() || !only_nodes) return node;
    const NodeId end = ends_[users[0]];
    const bool are_one = std::ranges::all_of(users, [&](NodeId user) { return ends_[user] == end; });
    return end != kNone && are_one && sizes_[end] < kMostSteps ? end : node;
  }

  /// Puts the group into a sub-graph of its last node.
  void fuse(NodeId end, std::vector<bool>& removed) {
    auto body = std::make_shared<Graph>();
    body->name = "functions";
    std::vector<ValueId> inputs, inside(graph_.values.size(), kNoValue);
    for (NodeId i = 0; i <= end; ++i) {
      if (ends_[i] != end) continue;
      const Node& node = graph_.nodes[i];
      std::vector<ValueId> operands;
      for (const ValueId id : node.inputs) {
        if (inside[id] == kNoValue) {
          inside[id] = add_body_input(*body, graph_.value(id));
          inputs.push_back(id);
        }
        operands.push_back(inside[id]);
      }
      inside[node.outputs[0]] = add_body_node(*body, node, graph_.value(node.outputs[0]), std::move(operands));
      removed[i] = i != end;
    }
    Node& last = graph_.nodes[end];
    body->outputs = {inside[last.outputs[0]]};
    last.op = ops::find_standard_op(kFused);
    last.inputs = std::move(inputs);
    last.attributes.clear();
    last.subgraphs = {std::move(body)};
  }

  Graph& graph_;
  ValueUses uses_;
  std::vector<NodeId> ends_;   // of each node's group; kNone where it cannot be in one
  std::vector<size_t> sizes_;  // of the group that a node ends
};

bool is_fused_body(const PassContext& context) {
  if (!context.enclosing) return false;
  return std::ranges::any_of(context.enclosing->graph.nodes, [&](const Node& node) {
    return node.op->name == kFused && node.subgraphs.size() == 1 && node.subgraphs[0].get() == &context.graph;
  });
}

}  // namespace

bool fuse_elementwise(const PassContext& context) {
  return !is_fused_body(context) && ElementwiseFuser(context.graph).run();
}

}  // namespace adze::passes
