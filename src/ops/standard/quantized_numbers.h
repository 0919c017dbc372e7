// Integers with a scale and a zero point, for a whole tensor, along an axis or in blocks of one.
#pragma once

#include "tensor/host_tensor.h"

namespace adze::ops {

/// Integers minus their zero point, in f64. `zero` is null, one number, a vector along `axis`, or as large as a slice
/// that is broadcast.
HostTensor subtract_zero_point(const HostTensor& x, const HostTensor* zero, size_t axis);

/// (x - zero) * scale in f64.
HostTensor dequantize_along(const HostTensor& x, const HostTensor& scale, const HostTensor& zero, size_t axis);

/// round(x / scale) + zero within the limits of zero's type, from f64.
HostTensor quantize_along(const HostTensor& x, const HostTensor& scale, const HostTensor& zero, size_t axis);

/// `parameter` repeated to the shape of x: one number; a vector along `axis`; or, with blocks, a number for each
/// `block_size` elements of that axis.
HostTensor spread_parameter(const HostTensor& parameter, const HostTensor& x, size_t axis, int64_t block_size = 0);

/// Limits of an integer type, those of fewer than eight bits too. Error(bad_input) for others.
struct IntegerLimits {
  double least, most;
};
IntegerLimits integer_limits(const HostTensor& of_type);

/// Integers and floats of any type as f64.
HostTensor to_f64(const HostTensor& x);
/// Rounded, ties to even, and kept within the limits of an integer type.
HostTensor round_to_integers(const HostTensor& f64, StorageType type);

}  // namespace adze::ops
