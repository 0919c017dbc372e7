#include "ops/linear/linear_output.h"

#include <algorithm>

namespace adze::ops {

void write_sums(const KernelCall& call, const TokenRange& tokens, int64_t first, int64_t width, const float* sums) {
  const TensorView& out = call.outputs[0].tensor;
  const int64_t count = std::min(width, out.row_length - first);
  const float* bias =
      call.inputs.size() > 2 && call.inputs[2].given ? call.inputs[2].tensor.floats(0) + first : nullptr;
  for (int64_t token = tokens.begin; token < tokens.end; ++token, sums += width) {
    float* to = out.floats(token) + first;
    for (int64_t i = 0; i < count; ++i) to[i] = bias ? sums[i] + bias[i] : sums[i];
  }
}

void prefetch_output(const KernelCall& call, const TokenRange& tokens, int64_t first, int64_t width) {
  constexpr int64_t kFloatsInLine = 16;
  const TensorView& out = call.outputs[0].tensor;
  const int64_t last = std::min(first + width, out.row_length);
  for (int64_t token = tokens.begin; token < tokens.end; ++token) {
    for (int64_t i = first; i < last; i += kFloatsInLine) __builtin_prefetch(out.floats(token) + i, 1);
  }
}

}  // namespace adze::ops
