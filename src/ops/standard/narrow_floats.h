// Floats of 16 bits and fewer <-> f32.
#pragma once

#include "tensor/host_tensor.h"

namespace adze::ops {

bool is_narrow_float(StorageType type);
/// f16, bf16, the 8-bit floats, f4 -> f32; exact.
HostTensor widen_floats(const HostTensor& tensor);
/// f32 -> a narrow type, to the nearest, ties to even. `saturate`: what is too large becomes the largest number, else
/// infinite or NaN (8-bit floats only; the 16-bit ones always become infinite).
HostTensor narrow_floats(const HostTensor& tensor, StorageType type, bool saturate = true);

}  // namespace adze::ops
