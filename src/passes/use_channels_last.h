#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// Convolutions with known weights that are faster with channels last (and pools behind them) get transposes around
/// them; cancel_transposes takes away what is between them.
bool use_channels_last(const PassContext& context);

}  // namespace adze::passes
