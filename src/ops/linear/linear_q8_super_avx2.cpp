// linear with 8-bit activations of one scale per super-block on AVX2: sums within it are integers. The sum of a part is
// still in pairs of 16 bits when it meets the part's scale.
#include "ops/linear/q8_codes_avx2.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
constexpr int kMaxPackedTokens = 2;

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_super_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_super_tile(layout, record, blocks, false, tile, 0x80);
}

inline __attribute__((always_inline)) __m256i broadcast_word(const int32_t* word) { return _mm256_set1_epi32(*word); }
inline __attribute__((always_inline)) __m256i load_words(const int32_t* words) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words));
}

template <int kTokens, Rows16Layout kLayout>
struct Product {
  static constexpr int kParts = parts_of(kLayout);
  static constexpr int kQuadsInPart = kQuads / kLayout.scales_per_block;
  static constexpr int kWiden = quads_to_widen(number_bits(kLayout));
  static constexpr int kRun = kWiden == 0 ? 1 : kWiden < kQuadsInPart ? kWiden : kQuadsInPart;
  static constexpr int kZeroPoint = kWiden == 0 ? 0 : kLayout.zero_point;
  static constexpr int kWords = 1 + kParts / 2;  // the widest part, which nobody asks for here, and pairs

  typedef __m256i Sums[kTokens];

  // sum += scale * the products of kRun quads of a block.
  template <typename Codes>
  static inline __attribute__((always_inline)) void add_run(const Codes& codes, int first, const int8_t* x,
                                                            __m256i scale, Sums& sum) {
    Sums pairs;
#pragma GCC unroll 8
    for (int q = first; q < first + kRun; ++q) {
      const __m256i weights = codes.quad(q);
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        const __m256i products = pair_sums<kWiden>(weights, broadcast_quad(x + kBlockNumbers * t + 4 * q));
        if (q == first) {
          pairs[t] = products;
        } else {
          add_pairs(pairs[t], products);
        }
      }
    }
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) sum[t] = _mm256_add_epi32(sum[t], _mm256_madd_epi16(pairs[t], scale));
  }

  // sum = scales times the products of unsigned codes.
  template <typename Codes>
  static inline __attribute__((always_inline)) void sum_parts(Codes codes, const int8_t* x, const int32_t* scales,
                                                              Sums& sum) {
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) sum[t] = _mm256_setzero_si256();
    for (int b = 0; b < kSuperBlocks; ++b) {
#pragma GCC unroll 8
      for (int q = 0; q < kQuads; q += kRun) {
        add_run(codes, q, x, load_words(scales + q / kQuadsInPart * kGroupRows), sum);
      }
      codes.next_block();
      x += kBlockNumbers * kTokens;
      scales += kLayout.scales_per_block * kGroupRows;
    }
  }

  // Of the parts' minima, or of their scales where there is a zero point, with the sums of the activations.
  static inline __attribute__((always_inline)) void sum_pairs(const SuperBlockScales& scales, int row,
                                                              const int32_t* words, Sums& sum) {
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) sum[t] = _mm256_setzero_si256();
    for (int pair = 0; pair < kParts / 2; ++pair, words += kTokens) {
      const __m256i factors = kLayout.has_minima
                                  ? load_words(scales.minimum_pairs[pair] + row)
                                  : _mm256_blend_epi16(load_words(scales.parts[2 * pair] + row),
                                                       load_words(scales.parts[2 * pair + 1] + row), 0xAA);
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        sum[t] = _mm256_add_epi32(sum[t], _mm256_madd_epi16(factors, broadcast_word(words + t)));
      }
    }
  }

  // totals += the products of a super-block with 8 rows.
  template <typename Codes>
  static inline __attribute__((always_inline)) void add_super_block(const Codes& codes, const Panel& panel,
                                                                    const SuperBlockScales& scales, int row,
                                                                    float* totals) {
    Sums sum, pairs;
    sum_parts(codes, panel.codes, scales.parts[0] + row, sum);
    sum_pairs(scales, row, panel.sums + kTokens, pairs);
    const __m256 scale = _mm256_loadu_ps(scales.scale + row);
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      __m256 value;
      if constexpr (kLayout.has_minima) {
        const __m256 minimum = _mm256_mul_ps(_mm256_cvtepi32_ps(pairs[t]), _mm256_loadu_ps(scales.minimum + row));
        value = _mm256_fmsub_ps(_mm256_cvtepi32_ps(sum[t]), scale, minimum);
      } else {
        const __m256i zeros = _mm256_mullo_epi32(pairs[t], _mm256_set1_epi32(kZeroPoint));
        value = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_sub_epi32(sum[t], zeros)), scale);
      }
      float* total = totals + t * kGroupRows;
      _mm256_storeu_ps(total, _mm256_fmadd_ps(value, _mm256_set1_ps(panel.scales[t]), _mm256_loadu_ps(total)));
    }
  }

  static inline __attribute__((always_inline)) void next_super_block(Panel& panel) {
    panel.codes += kSuperBlocks * kBlockNumbers * kTokens;
    panel.scales += kTokens;
    panel.sums += kWords * kTokens;
  }

  static void run(const CodeTile& tile, const Panel& panel, int blocks, float* sums) {
    for (int row = 0; row < kGroupRows; row += kHalfRows) {
      Panel at = panel;
      for (int s = 0; s < blocks / kSuperBlocks; ++s, next_super_block(at)) {
        const TileCodes codes{tile.codes + s * kSuperBlocks * kQuads * kPlaneBytes + 4 * row};
        add_super_block(codes, at, tile.super_blocks[s], row, sums + row);
      }
    }
  }

  static void run_packed(const uint8_t* record, const Panel& panel, int blocks, float* sums) {
    constexpr Rows16Layout layout = kLayout;  // that no address of a template argument, a weak symbol, is taken
    SuperBlockScales scales;
    Panel at = panel;
    for (int s = 0; s < blocks / kSuperBlocks; ++s, record += record_bytes(kLayout), next_super_block(at)) {
      prefetch_behind<header_bytes(kLayout)>(record);
      unpack_super_block_scales(layout, record, scales);
      const uint8_t* planes = record + header_bytes(kLayout);
      add_super_block(FetchingRecordCodes<kLayout>{{planes}}, at, scales, 0, sums);
      add_super_block(RecordCodes<kLayout>{planes + 4 * kHalfRows}, at, scales, kHalfRows, sums + kHalfRows);
    }
  }
};

typedef void (*Run)(const CodeTile& tile, const Panel& panel, int blocks, float* sums);
typedef void (*RunPacked)(const uint8_t* record, const Panel& panel, int blocks, float* sums);

template <Rows16Layout kLayout>
constexpr Run kRuns[kMaxTokens + 1] = {
    nullptr,
    Product<1, kLayout>::run,
    Product<2, kLayout>::run,
    Product<3, kLayout>::run,
    Product<4, kLayout>::run,
    Product<5, kLayout>::run,
    Product<6, kLayout>::run,
};

template <Rows16Layout kLayout>
constexpr RunPacked kPackedRuns[kMaxPackedTokens + 1] = {
    nullptr,
    Product<1, kLayout>::run_packed,
    Product<2, kLayout>::run_packed,
};

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  const Run* runs = for_layout(SuperBlockLayouts{}, *rules.layout,
                               []<Rows16Layout kLayout>() -> const Run* { return kRuns<kLayout>; });
  runs[extent.tokens](tiles[0], panel, extent.blocks, sums);
}

void multiply_packed(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                     float* sums) {
  const RunPacked* runs = for_layout(SuperBlockLayouts{}, layout,
                                     []<Rows16Layout kLayout>() -> const RunPacked* { return kPackedRuns<kLayout>; });
  runs[extent.tokens](record, panel, extent.blocks, sums);
}

}  // namespace

const Q8Kernels kQ8SuperKernelsAvx2 = {
    .max_tokens = kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = 1,
    .activation_blocks = kSuperBlocks,
    .keeps_bytes_signed = true,
    .largest_code = 0,
    .sums_in_pairs = true,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = multiply_packed,
};

}  // namespace adze::ops
