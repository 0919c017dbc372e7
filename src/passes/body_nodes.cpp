#include "passes/body_nodes.h"

#include "ops/standard/infer_types.h"

namespace adze::passes {

using graph::kNoValue;
using graph::ValueId;

ValueId add_body_input(graph::Graph& body, const graph::Value& value) {
  return body.add_input(value.name, ops::any_tensor(value.type.storage));
}

ValueId add_body_node(graph::Graph& body, const graph::Node& node, const graph::Value& value,
                      std::vector<ValueId> inputs) {
  const ValueId result =
      body.add_value({value.name, ops::any_tensor(value.type.storage), graph::ValueOrigin::node, {}, kNoValue});
  body.nodes.push_back({node.op, value.name, std::move(inputs), {result}, node.attributes, {}, {}});
  return result;
}

}  // namespace adze::passes
