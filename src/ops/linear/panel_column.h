// Quantizing one row into its column of a panel, written once for every ISA.
#pragma once

#include "ops/linear/code_tile.h"

namespace adze::ops {
namespace {

inline int32_t sum_of(const int8_t* codes, int count) {
  int32_t sum = 0;
  for (int i = 0; i < count; ++i) sum += codes[i];
  return sum;
}

/// Sums of the codes, in the form that the layout wants: see Panel.
inline void store_sums(const int8_t* codes, float scale, const CodeRules& rules, int32_t* sums, int64_t stride) {
  const int numbers = kBlockNumbers / rules.scales_per_block;
  for (int part = 0; part < rules.scales_per_block; ++part) {
    const int32_t sum = sum_of(codes + part * numbers, numbers);
    const float scaled = scale * static_cast<float>(sum);
    int32_t stored = -rules.zero_point * sum;
    if (rules.has_minima) __builtin_memcpy(&stored, &scaled, 4);
    sums[part * stride] = stored;
  }
}

/// `quantize_block(x, codes)` quantizes 32 numbers by the rule of quantize_activation.h and returns the scale.
template <typename QuantizeBlock>
inline void quantize_column(const float* x, int64_t blocks, const CodeRules& rules, const Panel& panel, int tokens,
                            const QuantizeBlock& quantize_block) {
  alignas(64) int8_t codes[kBlockNumbers];
  for (int64_t b = 0; b < blocks; ++b) {
    const float scale = quantize_block(x + b * kBlockNumbers, codes);
    int8_t* out = panel.codes + b * kBlockNumbers * tokens;
    for (int q = 0; q < kQuads; ++q) __builtin_memcpy(out + q * 4 * tokens, codes + 4 * q, 4);
    panel.scales[b * tokens] = scale;
    store_sums(codes, scale, rules, panel.sums + b * rules.scales_per_block * tokens, tokens);
  }
}

}  // namespace
}  // namespace adze::ops
