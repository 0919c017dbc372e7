// linear with 8-bit activations on AVX-512 VNNI: one register holds four numbers of each of 16 rows.
#include "ops/linear/q8_codes_avx512.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
constexpr int kMaxPackedTokens = 8;
constexpr int kMaxGroups = 2;
constexpr int kAheadBytes = 1024;  // at which activations are fetched

// ---- activations

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

// ---- weights

void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, 0, tile);
}

// ---- products

template <int kTokens, int kGroups, int kParts, SumWords kWords>
struct Product {
  static constexpr bool kMinima = kWords != SumWords::start;
  static constexpr int kQuadsInPart = kQuads / kParts;

  // What the numbers of one weight scale are multiplied with, and their scales.
  struct Part {
    const int8_t* codes;  // of the block
    const float* activation_scales;
    const int32_t* sums;
    const float* scales[kGroups];
    const float* minima[kGroups];
  };

  template <typename Codes>
  static inline __attribute__((always_inline)) void sum_codes(const Codes (&codes)[kGroups], int first,
                                                              const Part& part, __m512i (&sum)[kGroups][kTokens]) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      const __m512i start = _mm512_set1_epi32(kWords == SumWords::scaled ? kSumStart : part.sums[t]);
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) sum[g][t] = start;
    }
#pragma GCC unroll 8
    for (int q = 0; q < kQuadsInPart; ++q) {
      __m512i weights[kGroups];
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) weights[g] = codes[g].quad(first + q);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        const __m512i x = broadcast_quad(part.codes + kBlockNumbers * t + 4 * (first + q));
#pragma GCC unroll 2
        for (int g = 0; g < kGroups; ++g) add_products(sum[g][t], weights[g], x);
      }
    }
  }

  template <typename Codes>
  static inline __attribute__((always_inline)) void add_part(const Codes (&codes)[kGroups], int first, const Part& part,
                                                             __m512 (&total)[kGroups][kTokens]) {
    __m512i sum[kGroups][kTokens];
    sum_codes(codes, first, part, sum);
    __m512 scale[kGroups], offset[kGroups];
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      scale[g] = _mm512_loadu_ps(part.scales[g]);
      offset[g] = _mm512_mul_ps(scale[g], _mm512_set1_ps(-kSumOffset));
    }
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
      const __m512 activation_scale = _mm512_set1_ps(part.activation_scales[t]);
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) {
        const __m512 scaled = _mm512_fmadd_ps(_mm512_castsi512_ps(sum[g][t]), scale[g], offset[g]);
        total[g][t] = _mm512_fmadd_ps(scaled, activation_scale, total[g][t]);
      }
    }
    if constexpr (kMinima) {
      const int32_t* scaled_sums = part.sums + (word_count(kWords) - 1) * kTokens;
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        const __m512 code_sum = _mm512_castsi512_ps(_mm512_set1_epi32(scaled_sums[t]));
#pragma GCC unroll 2
        for (int g = 0; g < kGroups; ++g) {
          total[g][t] = _mm512_fnmadd_ps(_mm512_loadu_ps(part.minima[g]), code_sum, total[g][t]);
        }
      }
    }
  }

  // Both loops below walk through `part` in the same steps.
  static inline __attribute__((always_inline)) void next_part(bool ends_block, Part& part) {
    part.sums += word_count(kWords) * kTokens;
    if (ends_block) {
      part.codes += kBlockNumbers * kTokens;
      part.activation_scales += kTokens;
    }
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      part.scales[g] += kGroupRows;
      part.minima[g] += kGroupRows;
    }
  }

  template <typename Codes>
  static inline __attribute__((always_inline)) void add_block(Codes (&codes)[kGroups], Part& part,
                                                              __m512 (&total)[kGroups][kTokens]) {
#pragma GCC unroll 4
    for (int line = 0; line * 64 < kBlockNumbers * kTokens; ++line) {
      _mm_prefetch(reinterpret_cast<const char*>(part.codes + kAheadBytes + 64 * line), _MM_HINT_T0);
    }
#pragma GCC unroll 2
    for (int p = 0; p < kParts; ++p) {
      add_part(codes, p * kQuadsInPart, part, total);
      next_part(p + 1 == kParts, part);
    }
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) codes[g].next_block();
  }

  static inline __attribute__((always_inline)) void load_totals(const float* sums, __m512 (&total)[kGroups][kTokens]) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) total[g][t] = _mm512_loadu_ps(sums + (t * kGroups + g) * kGroupRows);
    }
  }
  static inline __attribute__((always_inline)) void store_totals(const __m512 (&total)[kGroups][kTokens], float* sums) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) _mm512_storeu_ps(sums + (t * kGroups + g) * kGroupRows, total[g][t]);
    }
  }

  static void run(const CodeTile* tiles, const Panel& panel, int blocks, float* sums) {
    TileCodes codes[kGroups];
    Part part{panel.codes, panel.scales, panel.sums, {}, {}};
    for (int g = 0; g < kGroups; ++g) {
      codes[g].at = tiles[g].codes;
      part.scales[g] = tiles[g].scales;
      part.minima[g] = tiles[g].minima;
    }
    __m512 total[kGroups][kTokens];
    load_totals(sums, total);
    for (int b = 0; b < blocks; ++b) add_block(codes, part, total);
    store_totals(total, sums);
  }

  template <Rows16Layout kLayout>
  static void run_packed(const uint8_t* record, const Panel& panel, int blocks, float* sums) {
    constexpr Rows16Layout layout = kLayout;  // that no address of a template argument, a weak symbol, is taken
    constexpr int kBytes = record_bytes(kLayout);
    alignas(64) float scales[kLayout.record_blocks * kParts * kGroupRows];
    alignas(64) float minima[kLayout.record_blocks * kParts * kGroupRows];
    Part part{panel.codes, panel.scales, panel.sums, {}, {}};
    __m512 total[1][kTokens];
    load_totals(sums, total);
    for (int b = 0; b < blocks; b += kLayout.record_blocks, record += kBytes) {
      prefetch_behind<header_bytes(kLayout)>(record);
      unpack_record_scales(layout, record, scales, minima);
      part.scales[0] = scales;
      part.minima[0] = minima;
      RecordCodes<kLayout> codes[1] = {{record + header_bytes(kLayout)}};
      for (int i = 0; i < kLayout.record_blocks; ++i) add_block(codes, part, total);
    }
    store_totals(total, sums);
  }
};

typedef void (*Run)(const CodeTile* tiles, const Panel& panel, int blocks, float* sums);
typedef void (*RunPacked)(const uint8_t* record, const Panel& panel, int blocks, float* sums);

struct RunsByTokens {
  Run runs[kMaxTokens + 1];
};
struct PackedRunsByTokens {
  RunPacked runs[kMaxPackedTokens + 1];
};

template <int kGroups, int kParts, SumWords kWords>
constexpr RunsByTokens kRuns = {{
    nullptr,
    Product<1, kGroups, kParts, kWords>::run,
    Product<2, kGroups, kParts, kWords>::run,
    Product<3, kGroups, kParts, kWords>::run,
    Product<4, kGroups, kParts, kWords>::run,
    Product<5, kGroups, kParts, kWords>::run,
    Product<6, kGroups, kParts, kWords>::run,
}};

template <int kTokens, Rows16Layout kLayout>
constexpr RunPacked kRunPacked =
    Product<kTokens, 1, kLayout.scales_per_block, sum_words(kLayout)>::template run_packed<kLayout>;

template <Rows16Layout kLayout>
constexpr PackedRunsByTokens kPackedRuns = {{
    nullptr,
    kRunPacked<1, kLayout>,
    kRunPacked<2, kLayout>,
    kRunPacked<3, kLayout>,
    kRunPacked<4, kLayout>,
    kRunPacked<5, kLayout>,
    kRunPacked<6, kLayout>,
    kRunPacked<7, kLayout>,
    kRunPacked<8, kLayout>,
}};

template <int kGroups>
const RunsByTokens& runs_of(const CodeRules& rules) {
  const SumWords words = sum_words(*rules.layout);
  if (words == SumWords::start_and_scaled) return kRuns<kGroups, 1, SumWords::start_and_scaled>;
  if (rules.scales_per_block == 2) {
    return rules.has_minima ? kRuns<kGroups, 2, SumWords::scaled> : kRuns<kGroups, 2, SumWords::start>;
  }
  return rules.has_minima ? kRuns<kGroups, 1, SumWords::scaled> : kRuns<kGroups, 1, SumWords::start>;
}

const PackedRunsByTokens& packed_runs_of(const Rows16Layout& layout) {
  return for_layout(AllLayouts{}, layout,
                    []<Rows16Layout kLayout>() -> const PackedRunsByTokens& { return kPackedRuns<kLayout>; });
}

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  const RunsByTokens& table = extent.groups == 2 ? runs_of<2>(rules) : runs_of<1>(rules);
  table.runs[extent.tokens](tiles, panel, extent.blocks, sums);
}

void multiply_packed(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                     float* sums) {
  packed_runs_of(layout).runs[extent.tokens](record, panel, extent.blocks, sums);
}

}  // namespace

const Q8Kernels kQ8KernelsAvx512 = {
    .max_tokens = kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = kMaxGroups,
    .activation_blocks = 1,
    .keeps_bytes_signed = false,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = multiply_packed,
};

}  // namespace adze::ops
