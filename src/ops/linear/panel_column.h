// Quantizing one row into its column of a panel, written once for every ISA.
#pragma once

#include "ops/linear/code_tile.h"

namespace adze::ops {
namespace {

/// What quantizing 32 numbers gives beside the codes.
struct BlockSums {
  float scale;
  int32_t halves[2];  // sums of the first and the last 16 codes
};

/// Sums of the codes, in the form that the layout wants: see Panel.
inline void store_sums(const BlockSums& block, const CodeRules& rules, int32_t* sums, int64_t stride) {
  for (int part = 0; part < rules.scales_per_block; ++part) {
    const int32_t sum = rules.scales_per_block == 1 ? block.halves[0] + block.halves[1] : block.halves[part];
    const float scaled = block.scale * static_cast<float>(sum);
    int32_t stored = kSumStart - rules.zero_point * sum;
    if (rules.has_minima) __builtin_memcpy(&stored, &scaled, 4);
    sums[part * stride] = stored;
  }
}

/// `quantize_block(x, codes)` quantizes 32 numbers by the rule of quantize_activation.h.
template <typename QuantizeBlock>
inline void quantize_column(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens,
                            const QuantizeBlock& quantize_block) {
  for (int64_t b = 0; b < blocks; ++b) {
    const BlockSums block = quantize_block(x + b * kBlockNumbers, column.codes + b * kBlockNumbers * tokens);
    column.scales[b * tokens] = block.scale;
    store_sums(block, rules, column.sums + b * rules.scales_per_block * tokens, tokens);
  }
}

}  // namespace
}  // namespace adze::ops
