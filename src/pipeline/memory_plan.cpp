#include "pipeline/memory_plan.h"

#include <algorithm>

#include "base/error.h"
#include "base/memory_use.h"
#include "formats/tensor_stream.h"

namespace adze::pipeline {
namespace {

constexpr int64_t kSmallestChunkBytes = 64 << 10;

std::string in_megabytes(uint64_t bytes) {
  return bytes < 1'000'000 ? fmt::format("{} bytes", bytes) : fmt::format("{} MB", (bytes + 999'999) / 1'000'000);
}

}  // namespace

MemoryPlan plan_memory(const Repacking& repacking, unsigned threads, uint64_t max_bytes, int64_t held_bytes) {
  const auto need = repacking.memory_need();
  const uint64_t base = memory_use().anonymous_bytes + need.bytes.shared + static_cast<uint64_t>(held_bytes);
  const auto with = [&](unsigned count, int64_t chunk_bytes) {
    return base + count * (need.bytes.per_thread + formats::stream_memory_bytes(repacking.tensors(), chunk_bytes));
  };
  MemoryPlan plan{.chunk_bytes = kSmallestChunkBytes, .floor_bytes = with(1, kSmallestChunkBytes)};
  plan.predicted_bytes = plan.floor_bytes;
  if (plan.floor_bytes > max_bytes) {
    const std::string reason =
        need.bytes.shared > 0 ? fmt::format(", of it {} for '{}' alone; a quantizer without Hessians needs much less",
                                            in_megabytes(need.bytes.shared), need.tensor)
                              : std::string();
    fail(ErrorCode::out_of_memory, "at least {} of memory are needed{}; the limit is {}, --max-ram allows more",
         in_megabytes(plan.floor_bytes), reason, in_megabytes(max_bytes));
  }
  for (unsigned count = 1; count <= std::max(1u, threads); ++count) {
    const uint64_t bytes = with(count, formats::kStreamChunkBytes);
    if (bytes > max_bytes) break;
    plan.threads = count;
    plan.chunk_bytes = formats::kStreamChunkBytes;
    plan.predicted_bytes = bytes;
  }
  return plan;
}

}  // namespace adze::pipeline
