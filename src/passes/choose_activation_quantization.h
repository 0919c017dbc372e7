#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// Sets the attribute `activation` of every `linear` as PassOptions::activation says. With `automatic`, a node whose
/// weight's storage is not known is left as it is.
bool choose_activation_quantization(const PassContext& context);

}  // namespace adze::passes
