// linear with 8-bit activations of one scale per super-block on AVX-512 VNNI: sums within it are integers.
//
// The sum of a part of a super-block times the part's scale is one product of 16-bit pairs: the low half of the sum,
// read as int16, is the sum, and its high half meets a zero. Where a sum may not fit into 16 bits (narrow_limit), which
// is rare, it takes a product of 32 bits; the results are the same.
#include "ops/linear/q8_codes_avx512.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
constexpr int kMaxPackedTokens = 8;
constexpr int kMaxGroups = 2;
constexpr int kLargestCode = 255;
constexpr int kAheadBytes = 1024;  // at which activations are fetched

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_super_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_super_tile(layout, record, blocks, puts_scales_in_codes(layout, kLargestCode), tile);
}

/// What the products of a layout have to do.
struct Recipe {
  int scales_per_block;
  bool has_minima;
  bool scales_in_codes;

  constexpr int parts() const { return kSuperBlocks * scales_per_block; }
};

constexpr Recipe recipe_of(const Rows16Layout& layout, bool scales_in_codes) {
  return {layout.scales_per_block, layout.has_minima, scales_in_codes};
}

inline __attribute__((always_inline)) __m512i broadcast_word(const int32_t* word) { return _mm512_set1_epi32(*word); }

template <int kTokens, int kGroups, Recipe kRecipe>
struct Product {
  static constexpr int kParts = kRecipe.parts();
  static constexpr int kQuadsInPart = kQuads / kRecipe.scales_per_block;
  static constexpr int kWidest = kRecipe.scales_in_codes ? 0 : 1;  // words before the sums
  static constexpr int kWords = kWidest + (kRecipe.has_minima ? kParts / 2 : kRecipe.scales_in_codes ? 1 : kParts);

  typedef __m512i Sums[kGroups][kTokens];

  struct Operands {
    const int8_t* codes;  // of the super-block's activations
    const float* x_scales;
    const int32_t* words;
    const SuperBlockScales* scales[kGroups];
  };

  static inline __attribute__((always_inline)) void start(const int32_t* words, int32_t otherwise, Sums& sum) {
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) sum[g][t] = words ? broadcast_word(words + t) : _mm512_set1_epi32(otherwise);
    }
  }

  // sum += the products of some quads of a block with its activations.
  template <int kCount, typename Codes>
  static inline __attribute__((always_inline)) void add_quads(const Codes (&codes)[kGroups], int first, const int8_t* x,
                                                              Sums& sum) {
#pragma GCC unroll 8
    for (int q = first; q < first + kCount; ++q) {
      __m512i weights[kGroups];
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) weights[g] = codes[g].quad(q);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        const __m512i activations = broadcast_quad(x + kBlockNumbers * t + 4 * q);
#pragma GCC unroll 2
        for (int g = 0; g < kGroups; ++g) add_products(sum[g][t], weights[g], activations);
      }
    }
  }

  // total += scale of the part * sum.
  template <bool kNarrow>
  static inline __attribute__((always_inline)) void scale_part(const Operands& o, int part, const Sums& sum,
                                                               Sums& total) {
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      __m512i scale = _mm512_loadu_si512(o.scales[g]->parts[part]);
      if constexpr (!kNarrow) scale = _mm512_srai_epi32(_mm512_slli_epi32(scale, 16), 16);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        if constexpr (kNarrow) {
          add_pair_products(total[g][t], sum[g][t], scale);
        } else {
          total[g][t] = _mm512_add_epi32(total[g][t], _mm512_mullo_epi32(sum[g][t], scale));
        }
      }
    }
  }

  template <typename Codes>
  static inline __attribute__((always_inline)) void next_block(Codes (&codes)[kGroups], const int8_t*& x) {
#pragma GCC unroll 4
    for (int line = 0; line * 64 < kBlockNumbers * kTokens; ++line) {
      _mm_prefetch(reinterpret_cast<const char*>(x + kAheadBytes + 64 * line), _MM_HINT_T0);
    }
    x += kBlockNumbers * kTokens;
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) codes[g].next_block();
  }

  template <bool kNarrow, typename Codes>
  static inline __attribute__((always_inline)) void sum_parts(Codes (&codes)[kGroups], const Operands& o, Sums& total) {
    const int8_t* x = o.codes;
    start(nullptr, 0, total);
    for (int b = 0; b < kSuperBlocks; ++b, next_block(codes, x)) {
#pragma GCC unroll 2
      for (int p = 0; p < kRecipe.scales_per_block; ++p) {
        const int part = b * kRecipe.scales_per_block + p;
        Sums sum;
        start(kRecipe.has_minima ? nullptr : o.words + (kWidest + part) * kTokens, 0, sum);
        add_quads<kQuadsInPart>(codes, p * kQuadsInPart, x, sum);
        scale_part<kNarrow>(o, part, sum, total);
      }
    }
  }

  template <typename Codes>
  static inline __attribute__((always_inline)) void sum_codes(Codes (&codes)[kGroups], const Operands& o, Sums& total) {
    const int8_t* x = o.codes;
    start(kRecipe.has_minima ? nullptr : o.words, 0, total);
    for (int b = 0; b < kSuperBlocks; ++b, next_block(codes, x)) add_quads<kQuads>(codes, 0, x, total);
  }

  static inline __attribute__((always_inline)) bool is_narrow(const int32_t* widest, int limit) {
    int32_t most = 0;
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) most = widest[t] > most ? widest[t] : most;
    return most <= limit;
  }

  // sum = M, from kSumStart on.
  static inline __attribute__((always_inline)) void sum_minima(const Operands& o, Sums& sum) {
    start(nullptr, kSumStart, sum);
#pragma GCC unroll 8
    for (int pair = 0; pair < kParts / 2; ++pair) {
      __m512i minima[kGroups];
#pragma GCC unroll 2
      for (int g = 0; g < kGroups; ++g) minima[g] = _mm512_loadu_si512(o.scales[g]->minimum_pairs[pair]);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        const __m512i code_sums = broadcast_word(o.words + (kWidest + pair) * kTokens + t);
#pragma GCC unroll 2
        for (int g = 0; g < kGroups; ++g) add_pair_products(sum[g][t], minima[g], code_sums);
      }
    }
  }

  // totals += the values of the super-block: `sum` is S, which starts at kSumStart where scales are in codes.
  static inline __attribute__((always_inline)) void add_values(const Operands& o, const Sums& sum, float* totals) {
    Sums minima;
    if constexpr (kRecipe.has_minima) sum_minima(o, minima);
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      const __m512 scale = _mm512_loadu_ps(o.scales[g]->scale);
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        __m512 value;
        if constexpr (kRecipe.has_minima) {
          const __m512 minimum = times_offset_sum(minima[g][t], _mm512_loadu_ps(o.scales[g]->minimum));
          value = _mm512_fmsub_ps(_mm512_cvtepi32_ps(sum[g][t]), scale, minimum);
        } else if constexpr (kRecipe.scales_in_codes) {
          value = times_offset_sum(sum[g][t], scale);
        } else {
          value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[g][t]), scale);
        }
        float* total = totals + (t * kGroups + g) * kGroupRows;
        _mm512_storeu_ps(total, _mm512_fmadd_ps(value, _mm512_set1_ps(o.x_scales[t]), _mm512_loadu_ps(total)));
      }
    }
  }

  template <typename Codes>
  static inline __attribute__((always_inline)) void add_super_block(Codes (&codes)[kGroups], int limit, Operands& o,
                                                                    float* totals) {
    Sums sum;
    if constexpr (kRecipe.scales_in_codes) {
      sum_codes(codes, o, sum);
    } else if (__builtin_expect(is_narrow(o.words, limit), true)) {
      sum_parts<true>(codes, o, sum);
    } else {
      sum_parts<false>(codes, o, sum);
    }
    add_values(o, sum, totals);
    o.codes += kSuperBlocks * kBlockNumbers * kTokens;
    o.x_scales += kTokens;
    o.words += kWords * kTokens;
  }

  static void run(int limit, const CodeTile* tiles, const Panel& panel, int blocks, float* totals) {
    TileCodes codes[kGroups];
    Operands operands{panel.codes, panel.scales, panel.sums, {}};
    for (int g = 0; g < kGroups; ++g) {
      codes[g].at = tiles[g].codes;
      operands.scales[g] = tiles[g].super_blocks;
    }
    for (int s = 0; s < blocks / kSuperBlocks; ++s) {
      add_super_block(codes, limit, operands, totals);
      for (int g = 0; g < kGroups; ++g) ++operands.scales[g];
    }
  }

  template <Rows16Layout kLayout>
  static void run_packed(const uint8_t* record, const Panel& panel, int blocks, float* totals) {
    constexpr Rows16Layout layout = kLayout;  // that no address of a template argument, a weak symbol, is taken
    constexpr int kLimit = narrow_limit(kLayout.zero_point, number_bits(kLayout));
    alignas(64) SuperBlockScales scales;
    Operands operands{panel.codes, panel.scales, panel.sums, {&scales}};
    for (int s = 0; s < blocks / kSuperBlocks; ++s, record += record_bytes(kLayout)) {
      prefetch_behind<header_bytes(kLayout)>(record);
      unpack_super_block_scales(layout, record, scales);
      RecordCodes<kLayout> codes[1] = {{record + header_bytes(kLayout)}};
      add_super_block(codes, kLimit, operands, totals);
    }
  }
};

typedef void (*Run)(int limit, const CodeTile* tiles, const Panel& panel, int blocks, float* totals);
typedef void (*RunPacked)(const uint8_t* record, const Panel& panel, int blocks, float* totals);

template <int kGroups, Recipe kRecipe>
constexpr Run kRuns[kMaxTokens + 1] = {
    nullptr,
    Product<1, kGroups, kRecipe>::run,
    Product<2, kGroups, kRecipe>::run,
    Product<3, kGroups, kRecipe>::run,
    Product<4, kGroups, kRecipe>::run,
    Product<5, kGroups, kRecipe>::run,
    Product<6, kGroups, kRecipe>::run,
};

template <int kGroups>
const Run* runs_of(const CodeRules& rules) {
  if (rules.scales_in_codes)
    return rules.has_minima ? kRuns<kGroups, Recipe{2, true, true}> : kRuns<kGroups, Recipe{2, false, true}>;
  if (rules.has_minima) return kRuns<kGroups, Recipe{1, true, false}>;
  return rules.scales_per_block == 1 ? kRuns<kGroups, Recipe{1, false, false}>
                                     : kRuns<kGroups, Recipe{2, false, false}>;
}

template <int kTokens, Rows16Layout kLayout>
constexpr RunPacked kRunPacked = Product<kTokens, 1, recipe_of(kLayout, false)>::template run_packed<kLayout>;

template <Rows16Layout kLayout>
constexpr RunPacked kPackedRuns[kMaxPackedTokens + 1] = {
    nullptr,
    kRunPacked<1, kLayout>,
    kRunPacked<2, kLayout>,
    kRunPacked<3, kLayout>,
    kRunPacked<4, kLayout>,
    kRunPacked<5, kLayout>,
    kRunPacked<6, kLayout>,
    kRunPacked<7, kLayout>,
    kRunPacked<8, kLayout>,
};

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  const Run* runs = extent.groups == 2 ? runs_of<2>(rules) : runs_of<1>(rules);
  runs[extent.tokens](narrow_limit(rules.zero_point, rules.bits), tiles, panel, extent.blocks, sums);
}

void multiply_packed(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                     float* sums) {
  const RunPacked* runs = for_layout(SuperBlockLayouts{}, layout,
                                     []<Rows16Layout kLayout>() -> const RunPacked* { return kPackedRuns<kLayout>; });
  runs[extent.tokens](record, panel, extent.blocks, sums);
}

}  // namespace

const Q8Kernels kQ8SuperKernelsAvx512 = {
    .max_tokens = kMaxTokens,
    .max_packed_tokens = kMaxPackedTokens,
    .max_groups = kMaxGroups,
    .activation_blocks = kSuperBlocks,
    .keeps_bytes_signed = false,
    .largest_code = kLargestCode,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = multiply_packed,
};

}  // namespace adze::ops
