// The 8-bit kernels of `linear` on 64-bit Arm: four registers hold four numbers of each of 16 rows. Each instruction
// set has a file that includes this and brings its way to multiply.
#pragma once

// clang-format off: the operations come first
#include "ops/linear/scale_rows_neon.h"
#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_super_blocks.h"
// clang-format on

namespace adze::ops {
namespace {

constexpr int kQuarters = 4;  // of 16 rows: a register has four
constexpr int kRegisterBytes = 16;
constexpr int kHalfNumbers = 16;  // of a block

// ---- activations

struct QuantizeLanes {
  static uint32_t largest_bits(const float* x) {
    uint32x4_t largest_bits = vdupq_n_u32(0);
    for (int i = 0; i < kBlockNumbers; i += 4) {
      largest_bits = vmaxq_u32(largest_bits, vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + i))));
    }
    return vmaxvq_u32(largest_bits);
  }
  static void store_codes(const float* x, float inverse, int8_t* codes, HalfSums* halves) {
    for (int half = 0; half < 2; ++half) {
      halves[half] = store_half(x + half * kHalfNumbers, inverse, codes + half * kHalfNumbers);
    }
  }

 private:
  static int16x8_t scaled(const float* x, float inverse) {
    const int32x4_t low = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x), inverse));
    return vqmovn_high_s32(vqmovn_s32(low), vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4), inverse)));
  }
  static HalfSums store_half(const float* x, float inverse, int8_t* codes) {
    const int8x16_t bytes = vqmovn_high_s16(vqmovn_s16(scaled(x, inverse)), scaled(x + 8, inverse));
    vst1q_s8(codes, bytes);
    return {vaddlvq_s8(bytes), vaddlvq_s8(vabsq_s8(bytes))};
  }
};

inline void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

// ---- weights

// 8-bit numbers become int8 in tiles, smaller ones are positive: every number is int8 then.
inline void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, 0x80, tile);
}

// Where the codes of a block come from: quad(q, j) has number 4 q + i of row 4 j + r in byte 4 r + i, as int8.
template <bool kWide>
struct TileCodes {
  static constexpr bool kIsWide = kWide;  // numbers of 7 or 8 bits, else of at most 6
  static constexpr int kBlockBytes = kQuads * kPlaneBytes;
  const uint8_t* at;
  inline __attribute__((always_inline)) int8x16_t quad(int q, int quarter) const {
    return vreinterpretq_s8_u8(vld1q_u8(at + q * kPlaneBytes + quarter * kRegisterBytes));
  }
};

template <Rows16Layout kLayout>
struct RecordCodes {
  static constexpr bool kIsWide = number_bits(kLayout) > 6;
  static constexpr int kBlockBytes = block_bytes(kLayout);
  const uint8_t* at;

  inline __attribute__((always_inline)) int8x16_t quad(int q, int quarter) const {
    if constexpr (kLayout.levels == Levels::even) return vreinterpretq_s8_u8(flipped(code(q, quarter)));
    return vreinterpretq_s8_u8(vqtbl1q_u8(flipped(vld1q_u8(kNumbers.of_code)), code(q, quarter)));
  }

 private:
  static constexpr LevelNumbers kNumbers = level_numbers(kLayout);

  static inline __attribute__((always_inline)) uint8x16_t flipped(uint8x16_t numbers) {
    return number_bits(kLayout) == 8 ? veorq_u8(numbers, vdupq_n_u8(0x80)) : numbers;
  }
  inline __attribute__((always_inline)) uint8x16_t code(int q, int quarter) const {
    constexpr int kLow = kLayout.low_bits;
    constexpr int kHigh = kLayout.high_bits;
    const uint8x16_t low = field(plane(plane_of_quad(kLow, q), quarter), shift_of_quad(kLow, q), 0, kLow);
    if constexpr (kHigh == 0) return low;
    return vorrq_u8(low, field(plane(kLow + plane_of_quad(kHigh, q), quarter), shift_of_quad(kHigh, q), kLow, kHigh));
  }
  inline __attribute__((always_inline)) uint8x16_t plane(int number, int quarter) const {
    return vld1q_u8(at + number * kPlaneBytes + quarter * kRegisterBytes);
  }
  // Bits [from, from + bits) of each byte, moved to bit `to`; all are constants once inlined.
  static inline __attribute__((always_inline)) uint8x16_t field(uint8x16_t plane, int from, int to, int bits) {
    const uint8x16_t moved = from >= to ? plane >> (from - to) : plane << (to - from);
    if (to == 0 && from + bits == 8) return moved;
    return vandq_u8(moved, vdupq_n_u8(static_cast<uint8_t>(((1 << bits) - 1) << to)));
  }
};

// ---- products

/// `Multiply` has kMaxTokens and add<kTokens, kHalves>(codes, first half of the block, activations of the block, sum).
template <typename Multiply, int kTokens, int kParts, SumWords kWords>
struct Product {
  typedef int32x4_t IntegerSums[kTokens][kQuarters];
  typedef float32x4_t Totals[kTokens][kQuarters];

  // What the numbers of one weight scale are multiplied with, and their scales.
  struct Part {
    const int8_t* codes;  // of the block
    const float* activation_scales;
    const int32_t* sums;
    const float* scales;
    const float* minima;
  };

  template <typename Codes>
  static inline __attribute__((always_inline)) void add_part(const Codes& codes, int part_in_block, const Part& part,
                                                             Totals& total) {
    constexpr int kHalves = 2 / kParts;
    IntegerSums sum;
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      const int32x4_t start = vdupq_n_s32(kWords == SumWords::scaled ? kSumStart : part.sums[t]);
#pragma GCC unroll 4
      for (int j = 0; j < kQuarters; ++j) sum[t][j] = start;
    }
    Multiply::template add<kTokens, kHalves>(codes, part_in_block * kHalves, part.codes, sum);
#pragma GCC unroll 4
    for (int j = 0; j < kQuarters; ++j) {
      const float32x4_t scale = vld1q_f32(part.scales + 4 * j);
      const float32x4_t offset = vmulq_n_f32(scale, -kSumOffset);
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        const float32x4_t scaled = vfmaq_f32(offset, vreinterpretq_f32_s32(sum[t][j]), scale);
        total[t][j] = vfmaq_n_f32(total[t][j], scaled, part.activation_scales[t]);
      }
    }
    if constexpr (kWords != SumWords::start) subtract_minima(part, total);
  }

  static inline __attribute__((always_inline)) void subtract_minima(const Part& part, Totals& total) {
    const int32_t* scaled_sums = part.sums + (word_count(kWords) - 1) * kTokens;
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      float code_sum;
      __builtin_memcpy(&code_sum, scaled_sums + t, 4);
#pragma GCC unroll 4
      for (int j = 0; j < kQuarters; ++j) {
        total[t][j] = vfmsq_n_f32(total[t][j], vld1q_f32(part.minima + 4 * j), code_sum);
      }
    }
  }

  // Moves `part` behind the block.
  template <typename Codes>
  static inline __attribute__((always_inline)) void add_block(Codes& codes, Part& part, Totals& total) {
#pragma GCC unroll 2
    for (int p = 0; p < kParts; ++p) {
      add_part(codes, p, part, total);
      part.sums += word_count(kWords) * kTokens;
      part.scales += kGroupRows;
      part.minima += kGroupRows;
    }
    part.codes += kBlockNumbers * kTokens;
    part.activation_scales += kTokens;
    codes.at += Codes::kBlockBytes;
  }

  static inline __attribute__((always_inline)) void load_totals(const float* sums, Totals& total) {
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int j = 0; j < kQuarters; ++j) total[t][j] = vld1q_f32(sums + t * kGroupRows + 4 * j);
    }
  }
  static inline __attribute__((always_inline)) void store_totals(const Totals& total, float* sums) {
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int j = 0; j < kQuarters; ++j) vst1q_f32(sums + t * kGroupRows + 4 * j, total[t][j]);
    }
  }

  template <typename Codes>
  static void run(const CodeTile& tile, const Panel& panel, int blocks, float* sums) {
    Codes codes{tile.codes};
    Part part{panel.codes, panel.scales, panel.sums, tile.scales, tile.minima};
    Totals total;
    load_totals(sums, total);
    for (int b = 0; b < blocks; ++b) add_block(codes, part, total);
    store_totals(total, sums);
  }

  template <Rows16Layout kLayout>
  static void run_packed(const uint8_t* record, const Panel& panel, int blocks, float* sums) {
    constexpr Rows16Layout layout = kLayout;  // that no address of a template argument, a weak symbol, is taken
    alignas(64) float scales[kLayout.record_blocks * kParts * kGroupRows];
    alignas(64) float minima[kLayout.record_blocks * kParts * kGroupRows];
    Part part{panel.codes, panel.scales, panel.sums, scales, minima};
    Totals total;
    load_totals(sums, total);
    for (int b = 0; b < blocks; b += kLayout.record_blocks, record += record_bytes(kLayout)) {
      unpack_record_scales(layout, record, scales, minima);
      part.scales = scales;
      part.minima = minima;
      RecordCodes<kLayout> codes{record + header_bytes(kLayout)};
      for (int i = 0; i < kLayout.record_blocks; ++i) add_block(codes, part, total);
    }
    store_totals(total, sums);
  }
};

// ---- the product for the tokens, bits and scales at hand

constexpr int kMaxPackedTokens = 2;

template <typename Multiply, typename Codes, int kParts, SumWords kWords, int kTokens = Multiply::kMaxTokens>
inline void run_tokens(const CodeTile& tile, const Panel& panel, const Extent& extent, float* sums) {
  if (extent.tokens == kTokens) {
    Product<Multiply, kTokens, kParts, kWords>::template run<Codes>(tile, panel, extent.blocks, sums);
  } else if constexpr (kTokens > 1) {
    run_tokens<Multiply, Codes, kParts, kWords, kTokens - 1>(tile, panel, extent, sums);
  }
}

template <typename Multiply, typename Codes>
inline void multiply_tile(const CodeRules& rules, const CodeTile& tile, const Panel& panel, const Extent& extent,
                          float* sums) {
  if (rules.scales_per_block == 2) {
    if (rules.has_minima) return run_tokens<Multiply, Codes, 2, SumWords::scaled>(tile, panel, extent, sums);
    return run_tokens<Multiply, Codes, 2, SumWords::start>(tile, panel, extent, sums);
  }
  switch (sum_words(*rules.layout)) {
    case SumWords::start:
      return run_tokens<Multiply, Codes, 1, SumWords::start>(tile, panel, extent, sums);
    case SumWords::scaled:
      return run_tokens<Multiply, Codes, 1, SumWords::scaled>(tile, panel, extent, sums);
    case SumWords::start_and_scaled:
      return run_tokens<Multiply, Codes, 1, SumWords::start_and_scaled>(tile, panel, extent, sums);
  }
}

typedef void (*RunPacked)(const uint8_t* record, const Panel& panel, int blocks, float* sums);

struct PackedRuns {
  RunPacked by_tokens[kMaxPackedTokens + 1];
};

template <typename Multiply, int kTokens, Rows16Layout kLayout>
constexpr RunPacked kRunPacked =
    Product<Multiply, kTokens, kLayout.scales_per_block, sum_words(kLayout)>::template run_packed<kLayout>;

template <typename Multiply, Rows16Layout kLayout>
constexpr PackedRuns kPackedRuns = {{nullptr, kRunPacked<Multiply, 1, kLayout>, kRunPacked<Multiply, 2, kLayout>}};

template <typename Multiply>
const PackedRuns& packed_runs_of(const Rows16Layout& layout) {
  return for_layout(AllLayouts{}, layout,
                    []<Rows16Layout kLayout>() -> const PackedRuns& { return kPackedRuns<Multiply, kLayout>; });
}

template <typename Multiply>
void multiply_packed(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                     float* sums) {
  packed_runs_of<Multiply>(layout).by_tokens[extent.tokens](record, panel, extent.blocks, sums);
}

}  // namespace
}  // namespace adze::ops
