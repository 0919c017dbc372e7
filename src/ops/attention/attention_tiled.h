// The fast kernels of `attention`: tiles of query rows that share a key head walk through the history in segments.
#pragma once

#include "ops/attention/attention_tile.h"
#include "ops/op.h"

namespace adze::ops {

std::optional<std::string> refuse_tiled_attention(const KernelRequest& request);
size_t tiled_attention_scratch_bytes(const KernelRequest& request);
void run_tiled_attention(const AttentionKernels& kernels, const KernelCall& call, const Team& team);

template <const AttentionKernels& kKernels>
Kernel tiled_attention_kernel(std::string_view name, Isa isa) {
  return {name,
          isa,
          refuse_tiled_attention,
          nullptr,
          tiled_attention_scratch_bytes,
          [](const KernelCall& call, const Team& team) { run_tiled_attention(kKernels, call, team); }};
}

}  // namespace adze::ops
