// Products with 8-bit activations of one scale per super-block on 64-bit Arm: sums within it are integers.
#pragma once

#include "ops/linear/q8_products_neon.h"

namespace adze::ops {
namespace {

inline void quantize_super(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_super_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

inline void unpack_super(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_super_tile(layout, record, blocks, false, tile, 0x80);
}

/// `Multiply` as for Product.
template <typename Multiply, int kTokens, Rows16Layout kLayout>
struct SuperProduct {
  static constexpr int kParts = parts_of(kLayout);
  static constexpr int kWords = 1 + (kLayout.has_minima ? kParts / 2 : kParts);  // the first is the widest part

  typedef int32x4_t Sums[kTokens][kQuarters];

  static inline __attribute__((always_inline)) void start(const int32_t* words, Sums& sum) {
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int j = 0; j < kQuarters; ++j) sum[t][j] = vdupq_n_s32(words ? words[t] : 0);
    }
  }

  static inline __attribute__((always_inline)) void scale_part(const int32_t* scales, const Sums& sum, Sums& total) {
#pragma GCC unroll 4
    for (int j = 0; j < kQuarters; ++j) {
      const int32x4_t scale = vld1q_s32(scales + 4 * j);
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) total[t][j] = vmlaq_s32(total[t][j], sum[t][j], scale);
    }
  }

  template <typename Codes>
  static inline __attribute__((always_inline)) void sum_parts(Codes codes, const Panel& panel,
                                                              const SuperBlockScales& scales, Sums& total) {
    constexpr int kHalves = 2 / kLayout.scales_per_block;
    const int8_t* x = panel.codes;
    start(nullptr, total);
    for (int b = 0; b < kSuperBlocks; ++b) {
#pragma GCC unroll 2
      for (int p = 0; p < kLayout.scales_per_block; ++p) {
        const int part = b * kLayout.scales_per_block + p;
        Sums sum;
        start(kLayout.has_minima ? nullptr : panel.sums + (1 + part) * kTokens, sum);
        Multiply::template add<kTokens, kHalves>(codes, p * kHalves, x, sum);
        scale_part(scales.parts[part], sum, total);
      }
      x += kBlockNumbers * kTokens;
      codes.at += Codes::kBlockBytes;
    }
  }

  static inline __attribute__((always_inline)) void sum_minima(const SuperBlockScales& scales, const int32_t* words,
                                                               Sums& sum) {
    start(nullptr, sum);
    for (int pair = 0; pair < kParts / 2; ++pair, words += kTokens) {
#pragma GCC unroll 4
      for (int j = 0; j < kQuarters; ++j) {
        const int16x8_t minima = vreinterpretq_s16_s32(vld1q_s32(scales.minimum_pairs[pair] + 4 * j));
#pragma GCC unroll 6
        for (int t = 0; t < kTokens; ++t) {
          const int16x8_t code_sums = vreinterpretq_s16_s32(vdupq_n_s32(words[t]));
          const int32x4_t low = vmull_s16(vget_low_s16(minima), vget_low_s16(code_sums));
          sum[t][j] = vaddq_s32(sum[t][j], vpaddq_s32(low, vmull_high_s16(minima, code_sums)));
        }
      }
    }
  }

  // totals += the products of a super-block, which `panel` is moved behind.
  template <typename Codes>
  static inline __attribute__((always_inline)) void add_super_block(const Codes& codes, const SuperBlockScales& scales,
                                                                    Panel& panel, float* totals) {
    Sums sum, minima;
    sum_parts(codes, panel, scales, sum);
    if constexpr (kLayout.has_minima) sum_minima(scales, panel.sums + kTokens, minima);
#pragma GCC unroll 4
    for (int j = 0; j < kQuarters; ++j) {
      const float32x4_t scale = vld1q_f32(scales.scale + 4 * j);
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        const float32x4_t number = vcvtq_f32_s32(sum[t][j]);
        float32x4_t value;
        if constexpr (kLayout.has_minima) {
          const float32x4_t minimum = vmulq_f32(vcvtq_f32_s32(minima[t][j]), vld1q_f32(scales.minimum + 4 * j));
          value = vfmaq_f32(vnegq_f32(minimum), number, scale);
        } else {
          value = vmulq_f32(number, scale);
        }
        float* total = totals + t * kGroupRows + 4 * j;
        vst1q_f32(total, vfmaq_n_f32(vld1q_f32(total), value, panel.scales[t]));
      }
    }
    panel.codes += kSuperBlocks * kBlockNumbers * kTokens;
    panel.scales += kTokens;
    panel.sums += kWords * kTokens;
  }

  static void run(const CodeTile& tile, const Panel& panel, int blocks, float* sums) {
    Panel at = panel;
    for (int s = 0; s < blocks / kSuperBlocks; ++s) {
      const TileCodes<(number_bits(kLayout) > 6)> codes{tile.codes + s * kSuperBlocks * kQuads * kPlaneBytes};
      add_super_block(codes, tile.super_blocks[s], at, sums);
    }
  }

  static void run_packed(const uint8_t* record, const Panel& panel, int blocks, float* sums) {
    constexpr Rows16Layout layout = kLayout;  // that no address of a template argument, a weak symbol, is taken
    SuperBlockScales scales;
    Panel at = panel;
    for (int s = 0; s < blocks / kSuperBlocks; ++s, record += record_bytes(kLayout)) {
      unpack_super_block_scales(layout, record, scales);
      const RecordCodes<kLayout> codes{record + header_bytes(kLayout)};
      add_super_block(codes, scales, at, sums);
    }
  }
};

template <typename Multiply, Rows16Layout kLayout, int kTokens = Multiply::kMaxTokens>
inline void run_super_tokens(const CodeTile& tile, const Panel& panel, const Extent& extent, float* sums) {
  if (extent.tokens == kTokens) {
    SuperProduct<Multiply, kTokens, kLayout>::run(tile, panel, extent.blocks, sums);
  } else if constexpr (kTokens > 1) {
    run_super_tokens<Multiply, kLayout, kTokens - 1>(tile, panel, extent, sums);
  }
}

template <typename Multiply>
void multiply_super(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent,
                    float* sums) {
  for_layout(SuperBlockLayouts{}, *rules.layout,
             [&]<Rows16Layout kLayout>() { run_super_tokens<Multiply, kLayout>(tiles[0], panel, extent, sums); });
}

template <typename Multiply>
void multiply_super_packed(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                           float* sums) {
  for_layout(SuperBlockLayouts{}, layout, [&]<Rows16Layout kLayout>() {
    if (extent.tokens == 1) return SuperProduct<Multiply, 1, kLayout>::run_packed(record, panel, extent.blocks, sums);
    SuperProduct<Multiply, 2, kLayout>::run_packed(record, panel, extent.blocks, sums);
  });
}

}  // namespace
}  // namespace adze::ops
