#include "calibrate/observed_input.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ops/linear/expert_linear.h"
#include "ops/linear/linear.h"

namespace adze::calibrate {
namespace {

bool makes_output(const graph::Graph& graph, const graph::Node& node) {
  return std::find(graph.outputs.begin(), graph.outputs.end(), node.outputs.front()) != graph.outputs.end();
}

bool multiplies_weight(const graph::Node& node) { return node.op == &ops::linear || node.op == &ops::expert_linear; }

/// Linear nodes that read the same rows, and with experts the same choice of them, share statistics.
bool reads_the_same(const graph::Node& a, const graph::Node& b) {
  if (a.op != b.op || a.inputs[0] != b.inputs[0]) return false;
  return a.op == &ops::linear || a.inputs[kChosenExperts] == b.inputs[kChosenExperts];
}

}  // namespace

std::vector<ObservedInput> find_observed_inputs(const graph::Graph& graph, bool with_output) {
  std::vector<ObservedInput> inputs;
  std::set<std::string> weights;
  for (const graph::Node& node : graph.nodes) {
    if (!multiplies_weight(node) || (!with_output && makes_output(graph, node))) continue;
    const auto value = node.inputs[0];
    const std::string& weight = graph.value(node.inputs[1]).name;
    if (!weights.insert(weight).second) {
      fail(ErrorCode::unsupported, "'{}' multiplies several values; its statistics would be mixed up", weight);
    }
    const auto known = std::find_if(inputs.begin(), inputs.end(),
                                    [&](const ObservedInput& one) { return reads_the_same(*one.node, node); });
    if (known != inputs.end()) {
      known->weights.push_back(weight);
    } else {
      const auto& dims = graph.value(node.inputs[1]).type.dims;
      const int64_t matrices = node.op == &ops::expert_linear ? dims.front().constant() : 1;
      inputs.push_back({value, dims.back().constant(), matrices, &node, {weight}});
    }
  }
  return inputs;
}

}  // namespace adze::calibrate
