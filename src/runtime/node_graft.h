// Goes through a graph's nodes in their order and adds others behind some of them.
#pragma once

#include <utility>
#include <vector>

#include "graph/graph.h"

namespace adze::runtime {

/// Nodes of the same x that are changed stay together, so that kernels can go on computing them at once; what is added
/// to them follows behind. `Changes` is what is known of one node's changes; empty: it stays as it is.
template <typename Changes>
class NodeGraft {
 public:
  explicit NodeGraft(graph::Graph& graph) : graph_(graph), replacements_(graph.values.size(), graph::kNoValue) {}
  virtual ~NodeGraft() = default;
  NodeGraft(const NodeGraft&) = delete;
  NodeGraft& operator=(const NodeGraft&) = delete;

  void run() {
    auto nodes = std::exchange(graph_.nodes, {});
    for (graph::Node& node : nodes) {
      if (!pending_.empty() && !joins(node, pending_.front().node)) add_pending();
      for (graph::ValueId& input : node.inputs) input = current(input);
      Changes changes = changes_of(node);
      if (!changes.empty()) pending_.push_back({node, std::move(changes)});
      graph_.nodes.push_back(std::move(node));
    }
    add_pending();
    for (graph::ValueId& output : graph_.outputs) output = current(output);
    require_all_used();
  }

 protected:
  struct ChangedNode {
    graph::Node node;
    Changes changes;
  };

  /// Whether the node may stand between the first of a group and what is added behind the group. Its inputs are not
  /// yet current().
  virtual bool joins(const graph::Node& node, const graph::Node& first) const = 0;
  virtual Changes changes_of(const graph::Node& node) = 0;
  /// Adds the nodes and tells replace() of each changed one.
  virtual void add_changes(std::vector<ChangedNode>& group) = 0;
  virtual void require_all_used() const = 0;

  graph::Graph& graph() { return graph_; }
  const graph::Graph& graph() const { return graph_; }
  /// What has become of a value.
  graph::ValueId current(graph::ValueId id) const {
    const bool is_old = id == graph::kNoValue || id >= replacements_.size() || replacements_[id] == graph::kNoValue;
    return is_old ? id : replacements_[id];
  }
  void replace(graph::ValueId id, graph::ValueId with) { replacements_[id] = with; }

 private:
  void add_pending() {
    add_changes(pending_);
    pending_.clear();
  }

  graph::Graph& graph_;
  std::vector<graph::ValueId> replacements_;  // by ValueId: what changed results have become
  std::vector<ChangedNode> pending_;          // whose changes are still to be added
};

}  // namespace adze::runtime
