#include "passes/look_up_one_hot.h"

#include <algorithm>

#include "codecs/codec.h"
#include "graph/rewrite.h"
#include "ops/standard/standard_op.h"
#include "passes/body_nodes.h"
#include "passes/constant_tensors.h"
#include "passes/value_uses.h"

namespace adze::passes {
namespace {

using graph::Graph;
using graph::kNoValue;
using graph::Node;
using graph::NodeId;
using graph::ValueId;

/// Three nodes, and their values from outside.
struct OneHotNodes {
  NodeId compare, convert, multiply;
  ValueId numbers, keys, rows;
};

class OneHotFinder {
 public:
  explicit OneHotFinder(const PassContext& context)
      : graph_(context.graph), constants_(context), uses_(context.graph), removed_(context.graph.nodes.size(), false) {}

  bool run() {
    for (NodeId i = 0; i < graph_.nodes.size(); ++i) {
      if (const auto found = find(i)) replace(*found);
    }
    if (std::ranges::find(removed_, true) == removed_.end()) return false;
    graph::remove_nodes(graph_, removed_);
    return true;
  }

 private:
  /// The only user of a node's value, where it is of this op.
  std::optional<NodeId> behind(NodeId node, std::string_view op) const {
    const auto user = uses_.only_user(graph_.nodes[node].outputs[0]);
    return user && standard_name(graph_.nodes[*user]) == op ? user : std::nullopt;
  }

  std::optional<OneHotNodes> find(NodeId compare) const {
    const Node& node = graph_.nodes[compare];
    if (standard_name(node) != "Equal" || node.inputs.size() != 2) return std::nullopt;
    const auto convert = behind(compare, "Cast");
    const auto multiply = convert ? behind(*convert, "MatMul") : std::nullopt;
    if (!multiply || ops::element_type(int_attribute_or(graph_.nodes[*convert], "to", 0)) != &codecs::f32.info) {
      return std::nullopt;
    }
    const Node& product = graph_.nodes[*multiply];
    const size_t keys = is_fixed(node.inputs[1]) ? 1 : 0;
    const bool fits = product.inputs[0] == graph_.nodes[*convert].outputs[0] && is_matrix(product.inputs[1]) &&
                      is_fixed(node.inputs[keys]) && !is_fixed(node.inputs[1 - keys]);
    if (!fits || !counts_up(constants_.at(node.inputs[keys]))) return std::nullopt;
    return OneHotNodes{compare, *convert, *multiply, node.inputs[1 - keys], node.inputs[keys], product.inputs[1]};
  }

  bool is_fixed(ValueId id) const { return id != kNoValue && constants_.knows(id); }

  bool is_matrix(ValueId id) const {
    return is_fixed(id) && graph_.value(id).type.dims.size() == 2 && graph_.value(id).type.storage == &codecs::f32.info;
  }

  static bool counts_up(const HostTensor& keys) {
    const bool is_index = keys.type() == &codecs::i32.info || keys.type() == &codecs::i64.info;
    if (!is_index || keys.rank() == 0 || keys.count() != keys.dims().back()) return false;
    const auto numbers = ops::read_integers(keys);
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] != static_cast<int64_t>(i)) return false;
    }
    return true;
  }

  /// The node that multiplied has the three as its sub-graph.
  void replace(const OneHotNodes& found) {
    auto body = std::make_shared<Graph>();
    body->name = "product";
    const ValueId numbers = add_body_input(*body, graph_.value(found.numbers));
    const ValueId keys = add_body_input(*body, graph_.value(found.keys));
    const ValueId rows = add_body_input(*body, graph_.value(found.rows));
    const auto copy = [&](NodeId id, std::vector<ValueId> inputs) {
      const Node& node = graph_.nodes[id];
      return add_body_node(*body, node, graph_.value(node.outputs[0]), std::move(inputs));
    };
    body->outputs = {copy(found.multiply, {copy(found.convert, {copy(found.compare, {numbers, keys})}), rows})};
    removed_[found.compare] = removed_[found.convert] = true;
    Node& node = graph_.nodes[found.multiply];
    node.op = ops::find_standard_op("OneHotProduct");
    node.inputs = {found.numbers, found.keys, found.rows};
    node.attributes.clear();
    node.subgraphs = {std::move(body)};
  }

  Graph& graph_;
  ConstantTensors constants_;
  ValueUses uses_;
  std::vector<bool> removed_;
};

}  // namespace

bool look_up_one_hot(const PassContext& context) { return OneHotFinder(context).run(); }

}  // namespace adze::passes
