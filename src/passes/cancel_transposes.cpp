#include "passes/cancel_transposes.h"

#include <algorithm>
#include <array>

#include "graph/rewrite.h"
#include "ops/standard/standard_op.h"
#include "passes/constant_tensors.h"
#include "passes/value_uses.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

using Order = std::vector<int64_t>;

/// Functions of each number alone: input 0 is what they are applied to, the others are one number each.
constexpr std::array<std::string_view, 23> kFunctions = {
    "Abs",         "Ceil",      "Clip",      "Elu",      "Erf",  "Exp",   "Floor",      "Gelu",
    "HardSigmoid", "HardSwish", "LeakyRelu", "Log",      "Mish", "Neg",   "Reciprocal", "Relu",
    "Selu",        "Sigmoid",   "Softplus",  "Softsign", "Sqrt", "Swish", "Tanh",
};
constexpr std::array<std::string_view, 4> kPairs = {"Add", "Div", "Mul", "Sub"};

class TransposeCanceller {
 public:
  explicit TransposeCanceller(const PassContext& context) : graph_(context.graph) {}

  bool run() {
    bool changed = false;
    while (step()) changed = true;
    return changed;
  }

 private:
  /// One change; what is known about the graph is gathered anew after it.
  bool step() {
    const ValueUses uses(graph_);
    for (NodeId i = 0; i < graph_.nodes.size(); ++i) {
      if (join(i, uses) || drop(i) || sink(i, uses) || sink_pair(i, uses)) return true;
    }
    return false;
  }

  /// Nothing for a node that is no transpose, or whose rank is not known.
  std::optional<Order> order_of(const Node& node) const {
    if (standard_name(node) != "Transpose") return std::nullopt;
    const auto given = node.attributes.find("perm");
    if (given != node.attributes.end()) {
      const auto* order = std::get_if<Order>(&given->second);
      return order ? std::optional(*order) : std::nullopt;
    }
    const auto& type = graph_.value(node.inputs[0]).type;
    if (!type.rank_known) return std::nullopt;
    Order order(type.dims.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
    return order;
  }

  std::optional<Order> order_of_producer(ValueId id, const ValueUses& uses) const {
    const auto producer = uses.producer(id);
    return producer ? order_of(graph_.nodes[*producer]) : std::nullopt;
  }

  /// Transpose of a transpose.
  bool join(NodeId i, const ValueUses& uses) {
    const auto outer = order_of(graph_.nodes[i]);
    const auto inner = outer ? order_of_producer(graph_.nodes[i].inputs[0], uses) : std::nullopt;
    if (!inner || inner->size() != outer->size()) return false;
    Order both;
    for (const int64_t axis : *outer) {
      if (axis < 0 || axis >= static_cast<int64_t>(inner->size())) return false;
      both.push_back((*inner)[static_cast<size_t>(axis)]);
    }
    Node& node = graph_.nodes[i];
    const NodeId before = *uses.producer(node.inputs[0]);
    const bool alone = uses.only_user(node.inputs[0]).has_value();
    node.inputs[0] = graph_.nodes[before].inputs[0];
    node.attributes["perm"] = std::move(both);
    if (alone) remove(before);
    return true;
  }

  /// One that changes nothing, unless it computes an output of the graph, whose name must stay.
  bool drop(NodeId i) {
    const Node& node = graph_.nodes[i];
    const auto order = order_of(node);
    if (!order || !std::ranges::is_sorted(*order)) return false;
    if (std::ranges::find(graph_.outputs, node.outputs[0]) != graph_.outputs.end()) return false;
    std::vector<ValueId> replacements(graph_.values.size(), kNoValue);
    replacements[node.outputs[0]] = node.inputs[0];
    graph::replace_uses(graph_, replacements);
    remove(i);
    return true;
  }

  bool is_one_number(ValueId id) const {
    if (id == kNoValue) return true;
    const auto dims = constant_dims(graph_.value(id).type);
    return dims && dims->size() <= 1 && checked_element_count(*dims) == 1;
  }

  /// transpose, function -> function, transpose.
  bool sink(NodeId i, const ValueUses& uses) {
    if (!order_of(graph_.nodes[i])) return false;
    const auto user = uses.only_user(graph_.nodes[i].outputs[0]);
    if (!user) return false;
    const Node& function = graph_.nodes[*user];
    if (std::ranges::find(kFunctions, standard_name(function)) == kFunctions.end()) return false;
    if (function.inputs[0] != graph_.nodes[i].outputs[0] || function.outputs.size() != 1) return false;
    if (!std::all_of(function.inputs.begin() + 1, function.inputs.end(),
                     [&](ValueId id) { return is_one_number(id); })) {
      return false;
    }
    swap_places(i, *user, 0);
    return true;
  }

  /// transpose of a, transpose of b, sum -> sum, transpose; one of them may be one number.
  bool sink_pair(NodeId i, const ValueUses& uses) {
    const Node& pair = graph_.nodes[i];
    if (std::ranges::find(kPairs, standard_name(pair)) == kPairs.end()) return false;
    const auto left = sinkable_order(pair.inputs[0], i, uses), right = sinkable_order(pair.inputs[1], i, uses);
    if (left && is_one_number(pair.inputs[1])) return swap_places(*uses.producer(pair.inputs[0]), i, 0);
    if (right && is_one_number(pair.inputs[0])) return swap_places(*uses.producer(pair.inputs[1]), i, 1);
    if (!left || left != right) return false;
    const NodeId first = *uses.producer(pair.inputs[0]), other = *uses.producer(pair.inputs[1]);
    graph_.nodes[i].inputs[1] = graph_.nodes[other].inputs[0];
    swap_places(first, i, 0);
    remove(other > first ? other - 1 : other);
    return true;
  }

  std::optional<Order> sinkable_order(ValueId id, NodeId user, const ValueUses& uses) const {
    return uses.only_user(id) == user ? order_of_producer(id, uses) : std::nullopt;
  }

  /// The transpose and the function behind it change places; the value in between is now the function's result.
  bool swap_places(NodeId transpose, NodeId function, size_t input) {
    Node &turning = graph_.nodes[transpose], &applied = graph_.nodes[function];
    const ValueId between = turning.outputs[0], result = applied.outputs[0];
    applied.inputs[input] = turning.inputs[0];
    applied.outputs[0] = between;
    graph_.values[between].type = inferred(applied);
    turning.inputs[0] = between;
    turning.outputs[0] = result;
    Node moved = std::move(turning);
    // Nodes in between do not use what the transpose computes: the function alone did.
    const auto at = graph_.nodes.begin();
    std::rotate(at + transpose, at + transpose + 1, at + function + 1);
    graph_.nodes[function] = std::move(moved);
    return true;
  }

  graph::ValueType inferred(const Node& node) const {
    graph::NodeTypes types{node, {}};
    for (const ValueId id : node.inputs) types.inputs.push_back(id == kNoValue ? nullptr : &graph_.value(id).type);
    return node.op->infer(types).at(0);
  }

  void remove(NodeId i) {
    std::vector<bool> removed(graph_.nodes.size(), false);
    removed[i] = true;
    graph::remove_nodes(graph_, removed);
  }

  Graph& graph_;
};

}  // namespace

bool cancel_transposes(const PassContext& context) { return TransposeCanceller(context).run(); }

}  // namespace adze::passes
