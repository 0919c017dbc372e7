// Quantizing one row into its column of a panel, written once for every ISA.
//
// `Lanes`: largest_bits(x), the bits of the largest magnitude of 32 numbers (magnitudes compare like their bits), and
// store_codes(x, inverse, codes, halves), which rounds 32 numbers times `inverse` to even.
#pragma once

#include "ops/linear/code_tile.h"

namespace adze::ops {
namespace {

/// Sums of 16 codes.
struct HalfSums {
  int32_t sum;
  int32_t magnitude;
};

/// Quantizes blocks that share a scale, `stride` codes apart, and returns it. The rule of quantize_activation.h, bit by
/// bit.
template <int kBlocks, typename Lanes>
inline float quantize_blocks(const Lanes& lanes, const float* x, int64_t stride, int8_t* codes,
                             HalfSums (&halves)[2 * kBlocks]) {
  uint32_t bits = 0;
  for (int b = 0; b < kBlocks; ++b) {
    const uint32_t of_block = lanes.largest_bits(x + b * kBlockNumbers);
    bits = of_block > bits ? of_block : bits;
  }
  float largest;
  __builtin_memcpy(&largest, &bits, 4);
  const float inverse = 127.0f / largest;
  const bool finite = bits < 0x7F800000u;
  // False for infinity and NaN, and for numbers so small that the inverse overflows.
  if (finite && inverse <= 3.40282347e38f) {
    for (int b = 0; b < kBlocks; ++b) {
      lanes.store_codes(x + b * kBlockNumbers, inverse, codes + b * stride, halves + 2 * b);
    }
    return largest / 127.0f;
  }
  for (int b = 0; b < kBlocks; ++b) __builtin_memset(codes + b * stride, 0, kBlockNumbers);
  __builtin_memset(halves, 0, sizeof halves);
  return finite ? 0.0f : __builtin_nanf("");
}

/// Sums of the codes of a block, in the form that the layout wants: see SumWords.
inline void store_block_sums(float scale, const HalfSums* halves, const CodeRules& rules, int32_t* sums,
                             int64_t stride) {
  for (int part = 0; part < rules.scales_per_block; ++part) {
    const int32_t sum = rules.scales_per_block == 1 ? halves[0].sum + halves[1].sum : halves[part].sum;
    const float scaled = scale * static_cast<float>(sum);
    const SumWords words = sum_words(*rules.layout);
    if (words != SumWords::scaled) *sums = kSumStart - rules.zero_point * sum;
    if (words == SumWords::start_and_scaled) sums += stride;
    if (words != SumWords::start) __builtin_memcpy(sums, &scaled, 4);
    sums += stride;
  }
}

inline HalfSums part_sums(const HalfSums* halves, int part, int scales_per_block) {
  if (scales_per_block == 2) return halves[part];
  const HalfSums& low = halves[2 * part];
  const HalfSums& high = halves[2 * part + 1];
  return {low.sum + high.sum, low.magnitude + high.magnitude};
}

/// What narrow_limit bounds, over all parts of a super-block.
inline int32_t widest_part(const HalfSums* halves, const CodeRules& rules) {
  int32_t widest = 0;
  for (int part = 0; part < kSuperBlocks * rules.scales_per_block; ++part) {
    const HalfSums sums = part_sums(halves, part, rules.scales_per_block);
    const int32_t one_sign = (sums.magnitude + (sums.sum < 0 ? -sums.sum : sums.sum)) / 2;
    const int32_t width = rules.zero_point ? sums.magnitude : one_sign;
    widest = width > widest ? width : widest;
  }
  return widest;
}

/// Words of a super-block: the widest part, then pairs of part sums, or where the sum of each part starts:
/// -zero_point * its sum. With scales in codes: the pairs alone, or one start for all: kSumStart - zero_point * sum.
inline void store_super_block_sums(const HalfSums* halves, const CodeRules& rules, int32_t* sums, int64_t stride) {
  const int parts = kSuperBlocks * rules.scales_per_block;
  if (!rules.scales_in_codes) {
    *sums = widest_part(halves, rules);
    sums += stride;
  }
  if (rules.sums_in_pairs) {
    for (int part = 0; part < parts; part += 2, sums += stride) {
      const int32_t low = part_sums(halves, part, rules.scales_per_block).sum;
      const int32_t high = part_sums(halves, part + 1, rules.scales_per_block).sum;
      *sums = static_cast<int32_t>((static_cast<uint32_t>(low) & 0xFFFFu) | static_cast<uint32_t>(high) << 16);
    }
  } else if (rules.scales_in_codes) {
    int32_t sum = 0;
    for (int half = 0; half < 2 * kSuperBlocks; ++half) sum += halves[half].sum;
    *sums = kSumStart - rules.zero_point * sum;
  } else {
    for (int part = 0; part < parts; ++part, sums += stride) {
      *sums = -rules.zero_point * part_sums(halves, part, rules.scales_per_block).sum;
    }
  }
}

/// With a scale per block.
template <typename Lanes>
inline void quantize_column(const Lanes& lanes, const float* x, int64_t blocks, const CodeRules& rules,
                            const Panel& column, int tokens) {
  HalfSums halves[2];
  for (int64_t b = 0; b < blocks; ++b) {
    const float scale =
        quantize_blocks<1>(lanes, x + b * kBlockNumbers, 0, column.codes + b * kBlockNumbers * tokens, halves);
    column.scales[b * tokens] = scale;
    store_block_sums(scale, halves, rules, column.sums + b * rules.sums * tokens, tokens);
  }
}

/// With a scale per super-block.
template <typename Lanes>
inline void quantize_super_column(const Lanes& lanes, const float* x, int64_t blocks, const CodeRules& rules,
                                  const Panel& column, int tokens) {
  HalfSums halves[2 * kSuperBlocks];
  const int64_t blocks_apart = rules.super_blocks_together ? 1 : tokens;
  for (int64_t s = 0; s < blocks / kSuperBlocks; ++s) {
    const int64_t block = s * kSuperBlocks;
    column.scales[s * tokens] =
        quantize_blocks<kSuperBlocks>(lanes, x + block * kBlockNumbers, kBlockNumbers * blocks_apart,
                                      column.codes + block * kBlockNumbers * tokens, halves);
    store_super_block_sums(halves, rules, column.sums + s * rules.sums * tokens, tokens);
  }
}

}  // namespace
}  // namespace adze::ops
