#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// BatchNormalization, a product or a sum with known numbers for each channel behind a convolution that nobody else
/// uses become part of its weights and bias, computed in double and rounded once.
bool fold_channel_factors(const PassContext& context);

}  // namespace adze::passes
