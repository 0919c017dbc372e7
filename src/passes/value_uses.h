// Who computes and who uses the values of a graph.
#pragma once

#include <optional>
#include <vector>

#include "graph/graph.h"

namespace adze::passes {

class ValueUses {
 public:
  explicit ValueUses(const graph::Graph& graph);

  /// Uses by nodes, by sub-graphs and as outputs of the graph.
  size_t count(graph::ValueId id) const { return counts_[id]; }
  /// The node that computes it; none for inputs, weights and constants.
  std::optional<graph::NodeId> producer(graph::ValueId id) const;
  /// The only node that uses it, as one input; none where there are others, or the graph gives it away.
  std::optional<graph::NodeId> only_user(graph::ValueId id) const;

 private:
  static constexpr graph::NodeId kNone = UINT32_MAX;
  std::vector<size_t> counts_;
  std::vector<graph::NodeId> producers_, last_users_;
};

/// The standard op's name; empty for ops of other kinds, and for a node that lacks an input it must have.
std::string_view standard_name(const graph::Node& node);

/// The input's value, kNoValue where it is omitted.
graph::ValueId input_of(const graph::Node& node, size_t input);

/// The dimensions, where all are constants.
std::optional<std::vector<int64_t>> constant_dims(const graph::ValueType& type);

}  // namespace adze::passes
