#include "graph/effect_order.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

namespace adze::graph {
namespace {

bool is_kind(const Graph& graph, ValueId id, ValueKind kind) {
  return id != kNoValue && graph.value(id).type.kind == kind;
}

std::vector<ValueId> of_kind(const Graph& graph, const std::vector<ValueId>& ids, ValueKind kind) {
  std::vector<ValueId> found;
  std::ranges::copy_if(ids, std::back_inserter(found), [&](ValueId id) { return is_kind(graph, id, kind); });
  return found;
}

void append_captured_states(const Graph& subgraph, std::vector<ValueId>& states) {
  for (const Value& value : subgraph.values) {
    if (value.origin == ValueOrigin::captured && value.type.kind == ValueKind::state) states.push_back(value.outer);
  }
}

/// What one node does to states.
struct Access {
  std::vector<ValueId> states;    // used directly or by a sub-graph
  std::vector<ValueId> consumed;  // effect inputs
  std::vector<ValueId> produced;  // effect outputs
};

Access access_of(const Graph& graph, const Node& node) {
  Access access{of_kind(graph, node.inputs, ValueKind::state), of_kind(graph, node.inputs, ValueKind::effect),
                of_kind(graph, node.outputs, ValueKind::effect)};
  for (const auto& subgraph : node.subgraphs) append_captured_states(*subgraph, access.states);
  return access;
}

// A node with an effect output anywhere inside that touches a state of an enclosing graph.
bool writes_captured_state(const Graph& subgraph) {
  return std::ranges::any_of(subgraph.nodes, [&](const Node& node) {
    const Access access = access_of(subgraph, node);
    return !access.produced.empty() && std::ranges::any_of(access.states, [&](ValueId state) {
      return state < subgraph.values.size() && subgraph.value(state).origin == ValueOrigin::captured;
    });
  });
}

class EffectOrder {
 public:
  EffectOrder(const Graph& graph, ProblemList& problems) : graph_(graph), problems_(problems) {}

  void check() {
    for (const Node& node : graph_.nodes) check_node(node);
    for (const ValueId output : of_kind(graph_, graph_.outputs, ValueKind::effect)) {
      if (const Node* consumer = consumer_of(output)) {
        problems_.add("output '{}' is an effect that node '{}' has consumed", name(output), consumer->name);
      }
    }
  }

 private:
  const std::string& name(ValueId id) const { return graph_.value(id).name; }

  const Node* consumer_of(ValueId token) const {
    const auto found = consumers_.find(token);
    return found == consumers_.end() ? nullptr : found->second;
  }

  // The first token of the chain that `token` belongs to.
  ValueId chain_of(ValueId token) const {
    const auto found = chains_.find(token);
    return found == chains_.end() ? token : found->second;
  }

  void check_node(const Node& node) {
    const Access access = access_of(graph_, node);
    if (access.consumed.size() > 1 || access.produced.size() > 1) {
      problems_.add("node '{}' has {} effect inputs and {} effect outputs, at most one of each is allowed", node.name,
                    access.consumed.size(), access.produced.size());
      return;
    }
    check_subgraphs(node, access);
    if (access.consumed.empty()) {
      if (!access.states.empty()) {
        problems_.add("node '{}' uses state '{}' without an effect input", node.name, name(access.states[0]));
      }
      return;
    }
    follow_chain(node, access);
    for (const ValueId state : access.states) check_state(node, state, chain_of(access.consumed[0]));
  }

  void check_subgraphs(const Node& node, const Access& access) {
    const bool writes = std::ranges::any_of(node.subgraphs, [](const auto& g) { return writes_captured_state(*g); });
    if (writes && access.produced.empty()) {
      problems_.add("node '{}' has a sub-graph that writes a state, so it needs an effect output", node.name);
    }
  }

  void follow_chain(const Node& node, const Access& access) {
    const ValueId token = access.consumed[0];
    if (const Node* consumer = consumer_of(token)) {
      problems_.add("node '{}' uses effect '{}' after node '{}' has consumed it", node.name, name(token),
                    consumer->name);
    }
    if (access.produced.empty()) return;
    consumers_.emplace(token, &node);
    chains_[access.produced[0]] = chain_of(token);
  }

  void check_state(const Node& node, ValueId state, ValueId chain) {
    const auto [known, is_new] = state_chains_.emplace(state, chain);
    if (is_new || known->second == chain) return;
    problems_.add("node '{}' uses state '{}' on the effect chain of '{}', but earlier nodes use it on that of '{}'",
                  node.name, name(state), name(chain), name(known->second));
  }

  const Graph& graph_;
  ProblemList& problems_;
  std::unordered_map<ValueId, const Node*> consumers_;
  std::unordered_map<ValueId, ValueId> chains_;
  std::unordered_map<ValueId, ValueId> state_chains_;
};

}  // namespace

void check_effect_order(const Graph& graph, ProblemList& problems) { EffectOrder(graph, problems).check(); }

}  // namespace adze::graph
