// The fast kernels of `linear` for f32 activations: 32 output rows at a time, widen or decode a stretch of their
// weights to floats, run every panel of tokens over it.
#pragma once

#include "ops/linear/float_tile.h"
#include "ops/linear/rows16_packing.h"
#include "ops/op.h"

namespace adze::ops {

std::optional<std::string> refuse_linear_f32(const KernelRequest& request);
size_t linear_f32_scratch_bytes(const KernelRequest& request);
void run_linear_f32(const F32Kernels& kernels, const KernelCall& call, const Team& team);

template <const F32Kernels& kKernels>
Kernel linear_f32_kernel(std::string_view name, Isa isa) {
  return {name,
          isa,
          refuse_linear_f32,
          [](const KernelRequest&) { return &rows16; },
          linear_f32_scratch_bytes,
          [](const KernelCall& call, const Team& team) { run_linear_f32(kKernels, call, team); }};
}

}  // namespace adze::ops
