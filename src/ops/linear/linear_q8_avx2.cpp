// linear with 8-bit activations on AVX2: one register holds four numbers of each of 8 rows.
#include "ops/linear/q8_codes_avx2.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
constexpr int kMaxPackedTokens = 2;

// ---- activations

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

// ---- weights

// 8-bit numbers are int8 here: unsigned ones would overflow the 16-bit pair sums.
void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, 0x80, tile);
}

// ---- products

/// kQuadsToWiden: see quads_to_widen.
template <int kTokens, int kParts, SumWords kWords, int kQuadsToWiden>
struct Product {
  static constexpr int kSumRows = word_count(kWords);
  static constexpr int kQuadsInPart = kQuads / kParts;
  static constexpr int kRun = kQuadsToWiden == 0 ? 1 : kQuadsToWiden < kQuadsInPart ? kQuadsToWiden : kQuadsInPart;

  template <typename Codes>
  static inline __attribute__((always_inline)) void add_run(const Codes& codes, int first, const int8_t* panel,
                                                            __m256i (&sum)[kTokens]) {
    __m256i pairs[kTokens];
#pragma GCC unroll 8
    for (int q = 0; q < kRun; ++q) {
      const __m256i weights = codes.quad(first + q);
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        const __m256i x = broadcast_quad(panel + kBlockNumbers * t + 4 * (first + q));
        const __m256i products = pair_sums<kQuadsToWiden>(weights, x);
        if (q == 0) {
          pairs[t] = products;
        } else {
          add_pairs(pairs[t], products);
        }
      }
    }
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      sum[t] = _mm256_add_epi32(sum[t], _mm256_madd_epi16(pairs[t], _mm256_set1_epi16(1)));
    }
  }

  // total += the products of one weight scale's numbers, of which `first` is the first quad of the block.
  template <typename Codes>
  static inline __attribute__((always_inline)) void add_part(const Codes& codes, int first, const Panel& block,
                                                             const int32_t* sums, __m256 scale, float* total) {
    __m256i sum[kTokens];
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) sum[t] = _mm256_set1_epi32(kWords == SumWords::scaled ? kSumStart : sums[t]);
#pragma GCC unroll 8
    for (int q = 0; q < kQuadsInPart; q += kRun) add_run(codes, first + q, block.codes, sum);
    const __m256 offset = _mm256_mul_ps(scale, _mm256_set1_ps(-kSumOffset));
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      const __m256 scaled = _mm256_fmadd_ps(_mm256_castsi256_ps(sum[t]), scale, offset);
      float* to = total + t * kGroupRows;
      _mm256_storeu_ps(to, _mm256_fmadd_ps(scaled, _mm256_set1_ps(block.scales[t]), _mm256_loadu_ps(to)));
    }
  }

  static inline __attribute__((always_inline)) void subtract_minima(__m256 minimum, const int32_t* sums, float* total) {
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      const __m256 sum = _mm256_castsi256_ps(_mm256_set1_epi32(sums[t]));
      float* to = total + t * kGroupRows;
      _mm256_storeu_ps(to, _mm256_fnmadd_ps(minimum, sum, _mm256_loadu_ps(to)));
    }
  }

  // total += the products of one block with 8 rows.
  template <typename Codes>
  static inline __attribute__((always_inline)) void add_block(const Codes& codes, const Panel& block,
                                                              const float* scales, const float* minima, float* total) {
#pragma GCC unroll 2
    for (int p = 0; p < kParts; ++p) {
      const int32_t* sums = block.sums + p * kSumRows * kTokens;
      add_part(codes, p * kQuadsInPart, block, sums, _mm256_loadu_ps(scales + p * kGroupRows), total);
      if constexpr (kWords != SumWords::start) {
        subtract_minima(_mm256_loadu_ps(minima + p * kGroupRows), sums + (kSumRows - 1) * kTokens, total);
      }
    }
  }

  static inline __attribute__((always_inline)) void next_block(Panel& panel) {
    panel.codes += kBlockNumbers * kTokens;
    panel.scales += kTokens;
    panel.sums += kParts * kSumRows * kTokens;
  }

  static void run(const CodeTile& tile, const Panel& panel, int blocks, float* sums) {
    for (int row = 0; row < kGroupRows; row += kHalfRows) {
      Panel block = panel;
      for (int b = 0; b < blocks; ++b) {
        const int scales = b * kParts * kGroupRows + row;
        add_block(TileCodes{tile.codes + b * kQuads * kPlaneBytes + 4 * row}, block, tile.scales + scales,
                  tile.minima + scales, sums + row);
        next_block(block);
      }
    }
  }

  template <Rows16Layout kLayout>
  static void run_packed(const uint8_t* record, const Panel& panel, int blocks, float* sums) {
    typedef RecordCodes<kLayout> Codes;
    constexpr Rows16Layout layout = kLayout;  // that no address of a template argument, a weak symbol, is taken
    constexpr int kBytes = record_bytes(kLayout);
    alignas(64) float scales[kLayout.record_blocks * kParts * kGroupRows];
    alignas(64) float minima[kLayout.record_blocks * kParts * kGroupRows];
    Panel block = panel;
    for (int b = 0; b < blocks; b += kLayout.record_blocks, record += kBytes) {
      prefetch_behind<header_bytes(kLayout)>(record);
      unpack_record_scales(layout, record, scales, minima);
      const uint8_t* planes = record + header_bytes(kLayout);
      for (int i = 0; i < kLayout.record_blocks; ++i, planes += Codes::kBlockBytes) {
        prefetch_behind<Codes::kBlockBytes>(planes);
        for (int row = 0; row < kGroupRows; row += kHalfRows) {
          const int at = i * kParts * kGroupRows + row;
          add_block(Codes{planes + 4 * row}, block, scales + at, minima + at, sums + row);
        }
        next_block(block);
      }
    }
  }
};

typedef void (*Run)(const CodeTile& tile, const Panel& panel, int blocks, float* out);

typedef void (*RunPacked)(const uint8_t* record, const Panel& panel, int blocks, float* sums);

struct RunsByTokens {
  Run runs[kMaxTokens + 1];
};
struct PackedRunsByTokens {
  RunPacked runs[kMaxPackedTokens + 1];
};

template <int kParts, SumWords kWords, int kQuadsToWiden>
constexpr RunsByTokens kRuns = {{
    nullptr,
    Product<1, kParts, kWords, kQuadsToWiden>::run,
    Product<2, kParts, kWords, kQuadsToWiden>::run,
    Product<3, kParts, kWords, kQuadsToWiden>::run,
    Product<4, kParts, kWords, kQuadsToWiden>::run,
    Product<5, kParts, kWords, kQuadsToWiden>::run,
    Product<6, kParts, kWords, kQuadsToWiden>::run,
}};

const RunsByTokens& runs_of(const CodeRules& rules) {
  const int widen = quads_to_widen(rules.bits);
  if (rules.scales_per_block == 2) {
    if (rules.has_minima) return kRuns<2, SumWords::scaled, 8>;
    if (widen <= 2) return widen == 1 ? kRuns<2, SumWords::start, 1> : kRuns<2, SumWords::start, 2>;
    return kRuns<2, SumWords::start, 4>;  // a part has no more
  }
  if (sum_words(*rules.layout) == SumWords::start_and_scaled) return kRuns<1, SumWords::start_and_scaled, 0>;
  if (rules.has_minima) {
    if (widen == 2) return kRuns<1, SumWords::scaled, 2>;
    return widen == 8 ? kRuns<1, SumWords::scaled, 8> : kRuns<1, SumWords::scaled, 4>;
  }
  if (widen >= 4) return widen == 8 ? kRuns<1, SumWords::start, 8> : kRuns<1, SumWords::start, 4>;
  return widen == 1 ? kRuns<1, SumWords::start, 1> : kRuns<1, SumWords::start, 0>;
}

template <int kTokens, Rows16Layout kLayout>
constexpr RunPacked kRunPacked = Product<kTokens, kLayout.scales_per_block, sum_words(kLayout),
                                         quads_to_widen(number_bits(kLayout))>::template run_packed<kLayout>;

template <Rows16Layout kLayout>
constexpr PackedRunsByTokens kPackedRuns = {{nullptr, kRunPacked<1, kLayout>, kRunPacked<2, kLayout>}};

const PackedRunsByTokens& packed_runs_of(const Rows16Layout& layout) {
  return for_layout(AllLayouts{}, layout,
                    []<Rows16Layout kLayout>() -> const PackedRunsByTokens& { return kPackedRuns<kLayout>; });
}

void multiply_packed(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                     float* sums) {
  packed_runs_of(layout).runs[extent.tokens](record, panel, extent.blocks, sums);
}

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  runs_of(rules).runs[extent.tokens](tiles[0], panel, extent.blocks, sums);
}

}  // namespace

const Q8Kernels kQ8KernelsAvx2 = {
    .max_tokens = kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = 1,
    .activation_blocks = 1,
    .keeps_bytes_signed = true,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = multiply_packed,
};

}  // namespace adze::ops
