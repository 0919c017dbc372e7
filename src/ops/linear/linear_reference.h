#pragma once

#include "ops/op.h"

namespace adze::ops {

/// Any weight storage and any activation attribute; products summed in double.
void linear_reference(const KernelCall& call, const Team& team);
size_t linear_reference_scratch_bytes(const KernelRequest& request);

}  // namespace adze::ops
