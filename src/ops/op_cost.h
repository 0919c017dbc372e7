// What a call has to do: multiply-adds, and bytes that no cache can save. For `adze bench --ops`.
#pragma once

#include "ops/op.h"

namespace adze::ops {

/// The cost at the sizes of this call. Weights count as they are stored, each once however many rows use it; the
/// history of a sequence counts once per call. Ops without an entry in the table count what they read and write.
Cost cost_of(const Op& op, const KernelCall& call);

/// Whether the multiply-adds are of 8-bit numbers, several per instruction.
bool multiplies_int8(const Op& op, const KernelCall& call);

}  // namespace adze::ops
