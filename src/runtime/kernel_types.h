// Weights of the family of group codecs in storage types that fast kernels read.
#pragma once

#include "model/model.h"

namespace adze::runtime {

/// Each tensor of the family that fast kernels do not read as it is, but in a type that takes its codes, becomes one of
/// that type, lazily; the others stay what they are, and the reference kernels read them. Exactly, or as good as that:
/// bf16 scales below the range of f16 may be rounded, which changes no value by more than a ten thousandth of the
/// tensor's largest step. Reads the weights once.
model::Model with_kernel_types(model::Model model);

}  // namespace adze::runtime
