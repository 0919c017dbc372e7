// Where each intermediate value lives: values that are never needed at the same time share bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/graph.h"

namespace adze::runtime {

struct MemoryPlan {
  static constexpr int64_t kNoOffset = -1;
  std::vector<int64_t> offsets;  // by ValueId; kNoOffset for values that are not intermediate tensors
  int64_t total_bytes = 0;
};

/// The output of an op that works in place takes the memory of an input that nobody needs any more.
/// `bytes` gives the size of every value (by ValueId); 0 for those that need no memory here.
MemoryPlan plan_memory(const graph::Graph& graph, const std::vector<int64_t>& bytes);

}  // namespace adze::runtime
