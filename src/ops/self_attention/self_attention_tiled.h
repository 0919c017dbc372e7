// The fast kernels of `self_attention`: those of `attention`, over keys and values that each thread puts in order for
// itself, one head of one sequence at a time.
#pragma once

#include "ops/attention/attention_tile.h"
#include "ops/op.h"

namespace adze::ops {

std::optional<std::string> refuse_tiled_self_attention(const KernelRequest& request);
size_t tiled_self_attention_scratch_bytes(const KernelRequest& request);
void run_tiled_self_attention(const AttentionKernels& kernels, const KernelCall& call, const Team& team);

template <const AttentionKernels& kKernels>
Kernel tiled_self_attention_kernel(std::string_view name, Isa isa) {
  return {name,
          isa,
          refuse_tiled_self_attention,
          nullptr,
          tiled_self_attention_scratch_bytes,
          [](const KernelCall& call, const Team& team) { run_tiled_self_attention(kKernels, call, team); }};
}

}  // namespace adze::ops
