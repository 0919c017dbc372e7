#pragma once

#include "ops/linear/panel_split.h"
#include "ops/op.h"

namespace adze::ops {

/// Output of `tokens` for features from `first` on = sums[token][width] plus the bias, if any.
void write_sums(const KernelCall& call, const TokenRange& tokens, int64_t first, int64_t width, const float* sums);

}  // namespace adze::ops
