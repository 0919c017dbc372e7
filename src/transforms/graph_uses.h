// Who makes and who reads each value of a graph.
#pragma once

#include <vector>

#include "graph/graph.h"

namespace adze::transforms {

struct Use {
  const graph::Node* node;
  size_t input;  // its index
};

class GraphUses {
 public:
  explicit GraphUses(const graph::Graph& graph) : uses_(graph.values.size()), makers_(graph.values.size()) {
    for (const auto& node : graph.nodes) {
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        if (node.inputs[i] != graph::kNoValue) uses_[node.inputs[i]].push_back({&node, i});
      }
      for (const auto output : node.outputs) makers_[output] = &node;
    }
    for (const auto output : graph.outputs) uses_[output].push_back({nullptr, 0});
  }

  /// A use with no node is an output of the graph.
  const std::vector<Use>& of(graph::ValueId value) const { return uses_[value]; }
  /// Null for values that no node makes.
  const graph::Node* maker(graph::ValueId value) const { return makers_[value]; }

 private:
  std::vector<std::vector<Use>> uses_;
  std::vector<const graph::Node*> makers_;
};

}  // namespace adze::transforms
