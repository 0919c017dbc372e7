// The fast kernels of `linear` for activations in 8 bits: quantize the rows, meet, then multiply 16 output rows at a
// time: unpack a stretch of their weights, run every panel of tokens over it.
#pragma once

#include "ops/linear/code_tile.h"
#include "ops/linear/rows16_packing.h"
#include "ops/op.h"

namespace adze::ops {

std::optional<std::string> refuse_linear_q8(const Q8Kernels& kernels, const KernelRequest& request);
size_t linear_q8_scratch_bytes(const KernelRequest& request);
/// Runs products of the same x, one or several.
void run_linear_q8(const Q8Kernels& kernels, std::span<const KernelCall> calls, const Team& team);

template <const Q8Kernels& kKernels>
Kernel linear_q8_kernel(std::string_view name, Isa isa) {
  return {name,
          isa,
          [](const KernelRequest& request) { return refuse_linear_q8(kKernels, request); },
          [](const KernelRequest&) { return &rows16; },
          linear_q8_scratch_bytes,
          [](const KernelCall& call, const Team& team) { run_linear_q8(kKernels, {&call, 1}, team); },
          [](std::span<const KernelCall> calls, const Team& team) { run_linear_q8(kKernels, calls, team); }};
}

}  // namespace adze::ops
