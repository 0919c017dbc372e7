// What fuzz targets of graph formats do with a graph that was read: they run it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "formats/standard_graph.h"
#include "ops/standard/standard_op.h"
#include "runtime/graph_session.h"

namespace adze::fuzz {

inline constexpr size_t kMaxNodes = 64;  // more only takes time

/// Of the type, with `bytes` again and again as its numbers: zeros where there are none.
inline ops::HostValue value_for(const graph::ValueType& type, std::span<const std::byte> bytes) {
  std::vector<int64_t> dims;
  for (const auto& dim : type.dims) dims.push_back(dim.is_constant() && dim.constant() < 16 ? dim.constant() : 2);
  if (type.kind != graph::ValueKind::tensor || !type.storage) return {};
  HostTensor tensor = ops::zeros(type.storage, dims);
  const auto numbers = tensor.fill_bytes();
  for (size_t i = 0; i < numbers.size() && !bytes.empty(); ++i) numbers[i] = bytes[i % bytes.size()];
  return tensor;
}

inline std::map<std::string, ops::HostValue> inputs_of(const graph::Graph& graph, std::span<const std::byte> bytes) {
  std::map<std::string, ops::HostValue> inputs;
  for (const auto id : graph.inputs) inputs[graph.value(id).name] = value_for(graph.value(id).type, bytes);
  return inputs;
}

/// On zeros, which most graphs accept; then twice on the file's own bytes, with what is kept from run to run.
inline void run_again_and_again(const formats::StandardGraph& read, std::span<const std::byte> file) {
  if (read.graph->nodes.size() > kMaxNodes) return;
  for (const auto& node : read.graph->nodes) {
    if (!node.subgraphs.empty()) return;  // a loop may be meant to run for ever
  }
  runtime::GraphSession session(read.graph, read.weights, {.threads = 1});
  session.run(inputs_of(*read.graph, {}));
  for (int round = 0; round < 2; ++round) session.run(inputs_of(*read.graph, file));
}

}  // namespace adze::fuzz
