#include "ops/linear/linear_output.h"

#include <algorithm>

namespace adze::ops {

namespace {

// Rows of the output lie far apart: each is asked for some rows ahead of being written.
constexpr int64_t kRowsAhead = 12;

void prefetch_row(const float* row, int64_t count) {
  constexpr int64_t kFloatsInLine = 16;
  for (int64_t i = 0; i < count; i += kFloatsInLine) __builtin_prefetch(row + i, 1);
}

}  // namespace

void write_sums(const KernelCall& call, const TokenRange& tokens, int64_t first, int64_t width, const float* sums) {
  const TensorView& out = call.outputs[0].tensor;
  const int64_t count = std::min(width, out.row_length - first);
  const float* bias =
      call.inputs.size() > 2 && call.inputs[2].given ? call.inputs[2].tensor.floats(0) + first : nullptr;
  for (int64_t token = tokens.begin; token < tokens.end; ++token, sums += width) {
    if (token + kRowsAhead < out.rows) prefetch_row(out.floats(token + kRowsAhead) + first, count);
    float* to = out.floats(token) + first;
    for (int64_t i = 0; i < count; ++i) to[i] = bias ? sums[i] + bias[i] : sums[i];
  }
}

}  // namespace adze::ops
