#include "passes/cancel_transposes.h"

#include <algorithm>

#include "graph/rewrite.h"
#include "ops/standard/standard_op.h"
#include "passes/constant_tensors.h"
#include "passes/elementwise_ops.h"
#include "passes/new_names.h"
#include "passes/value_uses.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

using Order = std::vector<int64_t>;

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
      if (join(i, uses) || drop(i) || sink(i, uses) || split(i, uses)) return true;
    }
    return false;
  }

  /// Nothing for a node that is no transpose, or whose rank is not known.
  std::optional<Order> order_of(const Node& node) const {
    if (standard_name(node) != "Transpose") return std::nullopt;
    const auto given = node.attributes.find("perm");
    if (given != node.attributes.end()) {
      const auto* order = std::get_if<Order>(&given->second);
      return order && is_permutation(*order) ? std::optional(*order) : std::nullopt;
    }
    const auto& type = graph_.value(node.inputs[0]).type;
    if (!type.rank_known) return std::nullopt;
    Order order(type.dims.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
    return order;
  }

  static bool is_permutation(Order order) {
    std::ranges::sort(order);
    for (size_t i = 0; i < order.size(); ++i) {
      if (order[i] != static_cast<int64_t>(i)) return false;
    }
    return true;
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
    for (const int64_t axis : *outer) both.push_back((*inner)[static_cast<size_t>(axis)]);
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

  /// Transposes alike, function -> function, transpose. Inputs of one number stay.
  bool sink(NodeId i, const ValueUses& uses) {
    const Node& node = graph_.nodes[i];
    const auto with_axes = inputs_with_axes(node);
    if (!with_axes || node.outputs.size() != 1) return false;
    std::optional<Order> order;
    std::vector<size_t> turned;
    for (size_t input = 0; input < node.inputs.size(); ++input) {
      const bool has_axes = std::ranges::find(*with_axes, input) != with_axes->end();
      const auto own = has_axes ? sinkable_order(node.inputs[input], i, uses) : std::nullopt;
      if (!own && !is_one_number(node.inputs[input])) return false;
      if (!own) continue;
      if (order && order != own) return false;
      order = own;
      turned.push_back(input);
    }
    if (!order || !turn_axis(i, *order)) return false;
    move_behind(i, turned, *order, uses);
    return true;
  }

  std::optional<Order> sinkable_order(ValueId id, NodeId user, const ValueUses& uses) const {
    return id != kNoValue && uses.only_user(id) == user ? order_of_producer(id, uses) : std::nullopt;
  }

  /// The axis along which parts are joined, as it is called before the transpose.
  bool turn_axis(NodeId i, const Order& order) {
    Node& node = graph_.nodes[i];
    if (standard_name(node) != "Concat") return true;
    const auto rank = static_cast<int64_t>(order.size());
    int64_t axis = int_attribute_or(node, "axis", rank);
    if (axis < 0) axis += rank;
    if (axis < 0 || axis >= rank) return false;
    node.attributes["axis"] = order[static_cast<size_t>(axis)];
    return true;
  }

  /// Takes the transposes away from these inputs and puts one of them behind the node. The value that it computed is
  /// now the node's result.
  void move_behind(NodeId i, const std::vector<size_t>& turned, const Order& order, const ValueUses& uses) {
    std::vector<NodeId> transposes;
    for (const size_t input : turned) {
      transposes.push_back(*uses.producer(graph_.nodes[i].inputs[input]));
      graph_.nodes[i].inputs[input] = graph_.nodes[transposes.back()].inputs[0];
    }
    const NodeId kept = transposes[0];
    Node &turning = graph_.nodes[kept], &applied = graph_.nodes[i];
    const ValueId between = turning.outputs[0];
    turning.inputs[0] = between;
    turning.outputs[0] = applied.outputs[0];
    applied.outputs[0] = between;
    graph_.values[between].type = turned_back(graph_.value(turning.outputs[0]).type, order);
    std::vector<bool> removed(graph_.nodes.size(), false);
    for (size_t other = 1; other < transposes.size(); ++other) removed[transposes[other]] = true;
    // Nodes in between do not use what the transpose computes: this one alone did.
    const auto at = static_cast<std::ptrdiff_t>(kept), end = static_cast<std::ptrdiff_t>(i) + 1;
    std::rotate(graph_.nodes.begin() + at, graph_.nodes.begin() + at + 1, graph_.nodes.begin() + end);
    std::rotate(removed.begin() + at, removed.begin() + at + 1, removed.begin() + end);
    graph::remove_nodes(graph_, removed);
  }

  /// One for each of its users, where all of them could have it behind themselves.
  bool split(NodeId i, const ValueUses& uses) {
    const ValueId turned = graph_.nodes[i].outputs[0];
    if (!order_of(graph_.nodes[i]) || uses.count(turned) < 2) return false;
    size_t found = 0;
    for (const Node& node : graph_.nodes) {
      const auto count = static_cast<size_t>(std::ranges::count(node.inputs, turned));
      if (count > 0 && !inputs_with_axes(node)) return false;
      found += count;
    }
    if (found != uses.count(turned)) return false;
    bool first = true;
    for (NodeId user = i + 1; user < graph_.nodes.size(); ++user) {
      for (size_t input = 0; input < graph_.nodes[user].inputs.size(); ++input) {
        if (graph_.nodes[user].inputs[input] != turned) continue;
        if (!first) {
          const ValueId copy = add_copy(i);
          graph_.nodes[++user].inputs[input] = copy;
        }
        first = false;
      }
    }
    return true;
  }

  /// Right behind node i.
  ValueId add_copy(NodeId i) {
    Node copy = graph_.nodes[i];
    graph::Value value = graph_.value(copy.outputs[0]);
    value.name = NewNames(graph_).like(value.name);
    copy.name = value.name;
    copy.outputs[0] = graph_.add_value(std::move(value));
    const ValueId id = copy.outputs[0];
    graph_.nodes.insert(graph_.nodes.begin() + i + 1, std::move(copy));
    return id;
  }

  static graph::ValueType turned_back(graph::ValueType type, const Order& order) {
    if (type.dims.size() != order.size()) return type;
    const auto dims = type.dims;
    for (size_t i = 0; i < order.size(); ++i) type.dims[static_cast<size_t>(order[i])] = dims[i];
    return type;
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
