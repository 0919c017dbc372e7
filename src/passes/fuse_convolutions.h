#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// A convolution takes over the sum with another tensor and the activation behind it, where nobody else sees what is in
/// between: FusedConv, as ONNX Runtime has it.
bool fuse_convolutions(const PassContext& context);

}  // namespace adze::passes
