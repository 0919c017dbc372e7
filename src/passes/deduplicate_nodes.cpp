#include "passes/deduplicate_nodes.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "graph/attributes_text.h"
#include "graph/rewrite.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

class Deduplicator {
 public:
  explicit Deduplicator(Graph& graph)
      : graph_(graph), replacements_(graph.values.size(), kNoValue), removed_(graph.nodes.size()) {}

  bool run() {
    bool changed = false;
    for (NodeId i = 0; i < graph_.nodes.size(); ++i) {
      const Node& node = graph_.nodes[i];
      if (!is_pure(node)) continue;
      const auto [first, is_new] = first_with_key_.emplace(key_of(node), i);
      if (is_new || computes_output(node)) continue;
      replace(node, graph_.nodes[first->second]);
      changed = removed_[i] = true;
    }
    if (!changed) return false;
    graph::replace_uses(graph_, replacements_);
    graph::remove_nodes(graph_, removed_);
    return true;
  }

 private:
  bool is_pure(const Node& node) const {
    return !node.outputs.empty() && node.subgraphs.empty() && std::ranges::none_of(node.outputs, [&](ValueId id) {
      return graph_.value(id).type.kind == graph::ValueKind::effect;
    });
  }

  bool computes_output(const Node& node) const {
    return std::ranges::find_first_of(node.outputs, graph_.outputs) != node.outputs.end();
  }

  ValueId resolved(ValueId id) const {
    return id == kNoValue || replacements_[id] == kNoValue ? id : replacements_[id];
  }

  std::string key_of(const Node& node) const {
    auto key = fmt::format("{} {} {}(", fmt::ptr(node.op), node.placement, graph::attributes_text(node.attributes));
    for (const ValueId id : node.inputs) key += fmt::format("{},", resolved(id));
    for (const ValueId id : node.outputs) key += fmt::format("|{}", to_string(graph_.value(id).type, graph_.symbols));
    return key;
  }

  void replace(const Node& node, const Node& by) {
    for (size_t i = 0; i < node.outputs.size(); ++i) replacements_[node.outputs[i]] = by.outputs[i];
  }

  Graph& graph_;
  std::vector<ValueId> replacements_;
  std::vector<bool> removed_;
  std::unordered_map<std::string, NodeId> first_with_key_;
};

}  // namespace

bool deduplicate_nodes(const PassContext& context) { return Deduplicator(context.graph).run(); }

}  // namespace adze::passes
