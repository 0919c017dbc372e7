// Which values of a graph are the inputs of weights.
#pragma once

#include <string>
#include <vector>

#include "graph/graph.h"

namespace adze::calibrate {

/// A value that linear nodes multiply with their weights.
struct ObservedInput {
  graph::ValueId value;
  int64_t columns;
  int64_t matrices;                  // experts of the weights, of which each row has chosen some; else 1
  const graph::Node* node;           // the first of them
  std::vector<std::string> weights;  // of all of them: siblings such as q, k, v

  /// Under which its statistics are kept.
  const std::string& name() const { return weights.front(); }
};

/// Among the inputs of an `expert_linear` node.
inline constexpr size_t kChosenExperts = 2;

/// In the order of execution. The matrix that makes the logits only with `with_output`.
/// Throws Error(unsupported) where one weight reads two values.
std::vector<ObservedInput> find_observed_inputs(const graph::Graph& graph, bool with_output);

}  // namespace adze::calibrate
