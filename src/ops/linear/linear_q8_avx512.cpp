// linear with 8-bit activations on AVX-512 VNNI: one register holds four numbers of each of 16 rows.
// clang-format off: the operations come first
#include "ops/linear/scale_rows_avx512.h"
#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_unpack.h"
// clang-format on

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
constexpr int kMaxPackedTokens = 8;
constexpr int kMaxGroups = 2;
constexpr int kAheadBytes = 1024;  // at which activations are fetched

// ---- activations

// The rule of quantize_activation.h, bit by bit; magnitudes of floats compare like their bits.
struct QuantizeBlock {
  BlockSums operator()(const float* x, int8_t* codes) const {
    const __m512 low = _mm512_loadu_ps(x);
    const __m512 high = _mm512_loadu_ps(x + 16);
    const __m512i all_but_sign = _mm512_set1_epi32(0x7FFFFFFF);
    const uint32_t largest_bits =
        _mm512_reduce_max_epu32(_mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(low), all_but_sign),
                                                 _mm512_and_si512(_mm512_castps_si512(high), all_but_sign)));
    float largest;
    __builtin_memcpy(&largest, &largest_bits, 4);
    const float inverse = 127.0f / largest;
    // False for infinity and NaN, and for numbers so small that the inverse overflows.
    if (!(largest_bits < 0x7F800000u && inverse <= 3.40282347e38f)) return store_zeros(largest_bits, codes);
    BlockSums block;
    block.scale = largest / 127.0f;
    block.halves[0] = store_codes(low, inverse, codes);
    block.halves[1] = store_codes(high, inverse, codes + 16);
    return block;
  }

 private:
  static BlockSums store_zeros(uint32_t largest_bits, int8_t* codes) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), _mm256_setzero_si256());
    return {largest_bits < 0x7F800000u ? 0.0f : __builtin_nanf(""), {0, 0}};
  }
  static int32_t store_codes(__m512 x, float inverse, int8_t* codes) {
    const __m512i scaled = _mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(inverse)));
    const __m128i bytes = _mm512_cvtepi32_epi8(scaled);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes), bytes);
    __m128i sum = _mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(1), bytes);
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1)));
  }
};

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(x, blocks, rules, column, tokens, QuantizeBlock{});
}

// ---- weights

void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, 0, tile);
}

// ---- products

inline __attribute__((always_inline)) __m512i broadcast_quad(const int8_t* quad) {
  int32_t bits;
  __builtin_memcpy(&bits, quad, 4);
  return _mm512_set1_epi32(bits);
}

// Where the codes of a block come from: quad(q) has number 4 q + i of row r in byte 4 r + i.
struct TileCodes {
  static constexpr int kBlockBytes = kQuads * kPlaneBytes;
  const uint8_t* at;
  inline __attribute__((always_inline)) __m512i quad(int q) const { return _mm512_loadu_si512(at + q * kPlaneBytes); }
};

template <int kLowBits, int kHighBits>
struct RecordCodes {
  static constexpr int kLowPlanes = kLowBits;
  static constexpr int kBlockBytes = (kLowPlanes + kHighBits) * kPlaneBytes;
  const uint8_t* at;

  inline __attribute__((always_inline)) __m512i quad(int q) const {
    if constexpr (kLowBits == 8) return plane(q);
    const __m512i low =
        field(plane(kLowBits == 4 ? q % 4 : q / 4), kLowBits * (kLowBits == 4 ? q / 4 : q % 4), 0, kLowBits);
    if constexpr (kHighBits == 0) return low;
    if constexpr (kHighBits == 1) return _mm512_or_si512(low, field(plane(kLowPlanes), q, kLowBits, 1));
    return _mm512_or_si512(low, field(plane(kLowPlanes + q / 4), 2 * (q % 4), kLowBits, 2));
  }

 private:
  inline __attribute__((always_inline)) __m512i plane(int number) const {
    return _mm512_loadu_si512(at + number * kPlaneBytes);
  }
  // Bits [from, from + bits) of each byte, moved to bit `to`; all are constants once inlined.
  static inline __attribute__((always_inline)) __m512i field(__m512i plane, int from, int to, int bits) {
    const __m512i moved = from >= to ? _mm512_srl_epi16(plane, _mm_cvtsi32_si128(from - to))
                                     : _mm512_sll_epi16(plane, _mm_cvtsi32_si128(to - from));
    return _mm512_and_si512(moved, _mm512_set1_epi8(static_cast<char>(((1 << bits) - 1) << to)));
  }
};

template <int kTokens, int kGroups, int kParts, bool kMinima>
struct Product {
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
      const __m512i start = _mm512_set1_epi32(kMinima ? kSumStart : part.sums[t]);
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
        for (int g = 0; g < kGroups; ++g) sum[g][t] = _mm512_dpbusd_epi32(sum[g][t], weights[g], x);
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
#pragma GCC unroll 8
      for (int t = 0; t < kTokens; ++t) {
        const __m512 code_sum = _mm512_castsi512_ps(_mm512_set1_epi32(part.sums[t]));
#pragma GCC unroll 2
        for (int g = 0; g < kGroups; ++g) {
          total[g][t] = _mm512_fnmadd_ps(_mm512_loadu_ps(part.minima[g]), code_sum, total[g][t]);
        }
      }
    }
  }

  // Both loops below walk through `part` in the same steps.
  static inline __attribute__((always_inline)) void next_part(bool ends_block, Part& part) {
    part.sums += kTokens;
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
    for (int g = 0; g < kGroups; ++g) codes[g].at += Codes::kBlockBytes;
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
    constexpr int kBytes = record_bytes(kLayout);
    alignas(64) float scales[kLayout.record_blocks * kParts * kGroupRows];
    alignas(64) float minima[kLayout.record_blocks * kParts * kGroupRows];
    Part part{panel.codes, panel.scales, panel.sums, {}, {}};
    __m512 total[1][kTokens];
    load_totals(sums, total);
    for (int b = 0; b < blocks; b += kLayout.record_blocks, record += kBytes) {
      prefetch_record<kBytes>(record);
      unpack_record_scales(kLayout, record, scales, minima);
      part.scales[0] = scales;
      part.minima[0] = minima;
      RecordCodes<kLayout.low_bits, kLayout.high_bits> codes[1] = {{record + header_bytes(kLayout)}};
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

template <int kGroups, int kParts, bool kMinima>
constexpr RunsByTokens kRuns = {{
    nullptr,
    Product<1, kGroups, kParts, kMinima>::run,
    Product<2, kGroups, kParts, kMinima>::run,
    Product<3, kGroups, kParts, kMinima>::run,
    Product<4, kGroups, kParts, kMinima>::run,
    Product<5, kGroups, kParts, kMinima>::run,
    Product<6, kGroups, kParts, kMinima>::run,
}};

template <int kTokens, Rows16Layout kLayout>
constexpr RunPacked kRunPacked =
    Product<kTokens, 1, kLayout.scales_per_block, kLayout.has_minima>::template run_packed<kLayout>;

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
  if (rules.scales_per_block == 1) return rules.has_minima ? kRuns<kGroups, 1, true> : kRuns<kGroups, 1, false>;
  return rules.has_minima ? kRuns<kGroups, 2, true> : kRuns<kGroups, 2, false>;
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

const Q8Kernels kQ8KernelsAvx512 = {kMaxTokens, kMaxPackedTokens, kMaxGroups, false,
                                    quantize,   unpack,           multiply,   multiply_packed};

}  // namespace adze::ops
