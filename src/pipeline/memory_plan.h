// Writing a model within a limit on memory: with how many threads, in which portions.
#pragma once

#include <cstdint>
#include <string>

#include "pipeline/repack.h"

namespace adze::pipeline {

inline constexpr uint64_t kDefaultMaxMemoryBytes = 1'000'000'000;

struct MemoryPlan {
  unsigned threads = 1;
  int64_t chunk_bytes = 0;
  uint64_t predicted_bytes = 0;  // anonymous memory of the process at its peak
  uint64_t floor_bytes = 0;      // with one thread and the smallest portions
};

/// Takes as many of `threads` as fit in, then smaller portions. Call it when everything but the weights has been read:
/// what the process holds already is counted. Error(out_of_memory) where even the floor is above `max_bytes`, naming
/// the tensor that needs most. `held_bytes` are those that the source's tensors keep while they are read.
MemoryPlan plan_memory(const Repacking& repacking, unsigned threads, uint64_t max_bytes, int64_t held_bytes = 0);

}  // namespace adze::pipeline
