// What fuzz targets of graph formats do with a graph that was read: they run it on zeros.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "formats/standard_graph.h"
#include "ops/standard/standard_op.h"
#include "runtime/graph_session.h"

namespace adze::fuzz {

inline constexpr size_t kMaxNodes = 64;  // more only takes time

inline ops::HostValue zeros_for(const graph::ValueType& type) {
  std::vector<int64_t> dims;
  for (const auto& dim : type.dims) dims.push_back(dim.is_constant() && dim.constant() < 16 ? dim.constant() : 2);
  if (type.kind != graph::ValueKind::tensor) return {};
  return type.storage ? ops::zeros(type.storage, dims) : ops::HostValue();
}

inline void run_on_zeros(const formats::StandardGraph& read) {
  if (read.graph->nodes.size() > kMaxNodes) return;
  for (const auto& node : read.graph->nodes) {
    if (!node.subgraphs.empty()) return;  // a loop may be meant to run for ever
  }
  std::map<std::string, ops::HostValue> inputs;
  for (const auto id : read.graph->inputs) {
    inputs[read.graph->value(id).name] = zeros_for(read.graph->value(id).type);
  }
  runtime::GraphSession(read.graph, read.weights, {.threads = 1}).run(inputs);
}

}  // namespace adze::fuzz
