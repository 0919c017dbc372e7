// Tensors joined along an axis.
#pragma once

#include <span>

#include "tensor/host_tensor.h"

namespace adze::ops {

/// Of any type, texts too. `new_axis`: they get a dimension of 1 there first. Error(bad_input) when they do not fit
/// together. REQUIRES: at least one.
HostTensor join_tensors(std::span<const HostTensor> parts, size_t axis, bool new_axis = false);

}  // namespace adze::ops
