#include "calibrate/observed_input.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ops/linear/linear.h"

namespace adze::calibrate {
namespace {

bool makes_output(const graph::Graph& graph, const graph::Node& node) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), node.outputs.front()) != graph.outputs.end();
}

}  // namespace

std::vector<ObservedInput> find_observed_inputs(const graph::Graph& graph, bool with_output) {
  std::vector<ObservedInput> inputs;
  std::set<std::string> weights;
  for (const graph::Node& node : graph.nodes) {
    if (node.op != &ops::linear || (!with_output && makes_output(graph, node))) continue;
    const auto value = node.inputs[0];
    const std::string& weight = graph.value(node.inputs[1]).name;
    if (!weights.insert(weight).second) {
      fail(ErrorCode::unsupported, "'{}' multiplies several values; its statistics would be mixed up", weight);
    }
    const auto known = std::find_if(inputs.begin(), inputs.end(), [&](const auto& one) { return one.value == value; });
    if (known != inputs.end()) {
      known->weights.push_back(weight);
    } else {
      inputs.push_back({value, graph.value(value).type.dims.back().constant(), &node, {weight}});
    }
  }
  return inputs;
}

}  // namespace adze::calibrate
