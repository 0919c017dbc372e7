// Axes in another order.
#pragma once

#include <span>

#include "tensor/host_tensor.h"

namespace adze::ops {

/// Axis i of the result is axis order[i] of x. REQUIRES: a permutation of x's axes.
HostTensor transpose(const HostTensor& x, std::span<const size_t> order);

}  // namespace adze::ops
