#pragma once

#include "ops/op.h"

namespace adze::ops {

struct TokenRange {
  int64_t begin;
  int64_t end;
};

/// Output of `tokens` for features from `first` on = sums[token][width] plus the bias, if any.
void write_sums(const KernelCall& call, const TokenRange& tokens, int64_t first, int64_t width, const float* sums);

}  // namespace adze::ops
