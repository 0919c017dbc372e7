// linear with 8-bit activations on AVX2: one register holds four numbers of each of 8 rows.
// clang-format off: the operations come first
#include "ops/linear/scale_rows_avx2.h"
#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_unpack.h"
// clang-format on

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
constexpr int kMaxPackedTokens = 2;
constexpr int kHalfRows = 8;

// ---- activations

inline __m256i magnitude_bits(__m256 x) {
  return _mm256_and_si256(_mm256_castps_si256(x), _mm256_set1_epi32(0x7FFFFFFF));
}

inline uint32_t largest_lane(__m256i bits) {
  __m128i largest = _mm_max_epu32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
  largest = _mm_max_epu32(largest, _mm_shuffle_epi32(largest, 0x4E));
  largest = _mm_max_epu32(largest, _mm_shuffle_epi32(largest, 0xB1));
  return static_cast<uint32_t>(_mm_cvtsi128_si32(largest));
}

// The rule of quantize_activation.h, bit by bit; magnitudes of floats compare like their bits.
struct QuantizeBlock {
  BlockSums operator()(const float* x, int8_t* codes) const {
    __m256i largest_bits = _mm256_setzero_si256();
    for (int i = 0; i < kBlockNumbers; i += 8) {
      largest_bits = _mm256_max_epu32(largest_bits, magnitude_bits(_mm256_loadu_ps(x + i)));
    }
    const uint32_t bits = largest_lane(largest_bits);
    float largest;
    __builtin_memcpy(&largest, &bits, 4);
    const float inverse = 127.0f / largest;
    // False for infinity and NaN, and for numbers so small that the inverse overflows.
    if (!(bits < 0x7F800000u && inverse <= 3.40282347e38f)) return store_zeros(bits, codes);
    BlockSums block;
    block.scale = largest / 127.0f;
    store_codes(x, _mm256_set1_ps(inverse), codes, block.halves);
    return block;
  }

 private:
  static BlockSums store_zeros(uint32_t largest_bits, int8_t* codes) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), _mm256_setzero_si256());
    return {largest_bits < 0x7F800000u ? 0.0f : __builtin_nanf(""), {0, 0}};
  }
  static __m256i scaled(const float* x, __m256 inverse) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), inverse));
  }
  static void store_codes(const float* x, __m256 inverse, int8_t* codes, int32_t* halves) {
    const __m256i low = _mm256_packs_epi32(scaled(x, inverse), scaled(x + 8, inverse));
    const __m256i high = _mm256_packs_epi32(scaled(x + 16, inverse), scaled(x + 24, inverse));
    halves[0] = lane_sum(low);
    halves[1] = lane_sum(high);
    // The packs interleave 128-bit halves; put the groups of four codes back in order.
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), packed);
  }
  // Of 16 codes of 16 bits.
  static int32_t lane_sum(__m256i codes) {
    const __m256i pairs = _mm256_madd_epi16(codes, _mm256_set1_epi16(1));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1)));
  }
};

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(x, blocks, rules, column, tokens, QuantizeBlock{});
}

// ---- weights

// 8-bit codes stay int8 here: unsigned ones would overflow the 16-bit pair sums.
void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, 0x80, tile);
}

// ---- products

// Where the codes of a block come from: quad(q) has number 4 q + i of row r in byte 4 r + i, for 8 rows.
struct TileCodes {
  const uint8_t* at;
  inline __attribute__((always_inline)) __m256i quad(int q) const {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + q * kPlaneBytes));
  }
};

template <int kLowBits, int kHighBits>
struct RecordCodes {
  static constexpr int kBlockBytes = (kLowBits + kHighBits) * kPlaneBytes;
  const uint8_t* at;

  inline __attribute__((always_inline)) __m256i quad(int q) const {
    if constexpr (kLowBits == 8) return _mm256_xor_si256(plane(q), _mm256_set1_epi8(-128));
    const __m256i low =
        field(plane(kLowBits == 4 ? q % 4 : q / 4), kLowBits * (kLowBits == 4 ? q / 4 : q % 4), 0, kLowBits);
    if constexpr (kHighBits == 0) return low;
    if constexpr (kHighBits == 1) return _mm256_or_si256(low, field(plane(kLowBits), q, kLowBits, 1));
    return _mm256_or_si256(low, field(plane(kLowBits + q / 4), 2 * (q % 4), kLowBits, 2));
  }

 private:
  inline __attribute__((always_inline)) __m256i plane(int number) const {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + number * kPlaneBytes));
  }
  // Bits [from, from + bits) of each byte, moved to bit `to`; all are constants once inlined.
  static inline __attribute__((always_inline)) __m256i field(__m256i plane, int from, int to, int bits) {
    const __m256i moved = from >= to ? _mm256_srl_epi16(plane, _mm_cvtsi32_si128(from - to))
                                     : _mm256_sll_epi16(plane, _mm_cvtsi32_si128(to - from));
    return _mm256_and_si256(moved, _mm256_set1_epi8(static_cast<char>(((1 << bits) - 1) << to)));
  }
};

inline __m256i broadcast_quad(const int8_t* quad) {
  int32_t bits;
  __builtin_memcpy(&bits, quad, 4);
  return _mm256_set1_epi32(bits);
}

// GCC 12 would reassociate a chain of these sums, keep all products alive and spill them: half the speed.
inline __attribute__((always_inline)) void add_pairs(__m256i& sum, __m256i products) {
  asm("vpaddw %1, %0, %0" : "+x"(sum) : "x"(products));
}

/// kQuadsToWiden: how many quads' pair sums fit into int16 (pair sum of b-bit codes: at most 2 * 127 * (2^b - 1)).
/// 0: the codes are int8, each quad is widened and the sign moves from the code to the activation.
template <int kTokens, int kParts, bool kMinima, int kQuadsToWiden>
struct Product {
  static constexpr int kQuadsInPart = kQuads / kParts;
  static constexpr int kRun = kQuadsToWiden == 0 ? 1 : kQuadsToWiden < kQuadsInPart ? kQuadsToWiden : kQuadsInPart;

  static inline __attribute__((always_inline)) __m256i pair_sums(__m256i weights, __m256i activations) {
    if constexpr (kQuadsToWiden > 0) return _mm256_maddubs_epi16(weights, activations);
    return _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(activations, weights));
  }

  template <typename Codes>
  static inline __attribute__((always_inline)) void add_run(const Codes& codes, int first, const int8_t* panel,
                                                            __m256i (&sum)[kTokens]) {
    __m256i pairs[kTokens];
#pragma GCC unroll 8
    for (int q = 0; q < kRun; ++q) {
      const __m256i weights = codes.quad(first + q);
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        const __m256i products = pair_sums(weights, broadcast_quad(panel + kBlockNumbers * t + 4 * (first + q)));
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
    for (int t = 0; t < kTokens; ++t) sum[t] = _mm256_set1_epi32(kMinima ? kSumStart : sums[t]);
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
      const int32_t* sums = block.sums + p * kTokens;
      add_part(codes, p * kQuadsInPart, block, sums, _mm256_loadu_ps(scales + p * kGroupRows), total);
      if constexpr (kMinima) subtract_minima(_mm256_loadu_ps(minima + p * kGroupRows), sums, total);
    }
  }

  static inline __attribute__((always_inline)) void next_block(Panel& panel) {
    panel.codes += kBlockNumbers * kTokens;
    panel.scales += kTokens;
    panel.sums += kParts * kTokens;
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
    typedef RecordCodes<kLayout.low_bits, kLayout.high_bits> Codes;
    constexpr int kBytes = record_bytes(kLayout);
    alignas(64) float scales[kLayout.record_blocks * kParts * kGroupRows];
    alignas(64) float minima[kLayout.record_blocks * kParts * kGroupRows];
    Panel block = panel;
    for (int b = 0; b < blocks; b += kLayout.record_blocks, record += kBytes) {
      prefetch_record<kBytes>(record);
      unpack_record_scales(kLayout, record, scales, minima);
      const uint8_t* planes = record + header_bytes(kLayout);
      for (int i = 0; i < kLayout.record_blocks; ++i, planes += Codes::kBlockBytes) {
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

template <int kParts, bool kMinima, int kQuadsToWiden>
constexpr RunsByTokens kRuns = {{
    nullptr,
    Product<1, kParts, kMinima, kQuadsToWiden>::run,
    Product<2, kParts, kMinima, kQuadsToWiden>::run,
    Product<3, kParts, kMinima, kQuadsToWiden>::run,
    Product<4, kParts, kMinima, kQuadsToWiden>::run,
    Product<5, kParts, kMinima, kQuadsToWiden>::run,
    Product<6, kParts, kMinima, kQuadsToWiden>::run,
}};

const RunsByTokens& runs_of(const CodeRules& rules) {
  if (rules.scales_per_block == 2) {
    if (rules.has_minima) return kRuns<2, true, 8>;
    return rules.bits <= 4 ? kRuns<2, false, 8> : kRuns<2, false, 2>;
  }
  if (rules.has_minima) return rules.bits <= 4 ? kRuns<1, true, 8> : kRuns<1, true, 4>;
  return rules.bits <= 4 ? kRuns<1, false, 8> : rules.bits == 5 ? kRuns<1, false, 4> : kRuns<1, false, 0>;
}

constexpr int quads_to_widen(const Rows16Layout& layout) {
  constexpr int kByBits[] = {8, 8, 8, 8, 8, 4, 2, 0, 0};
  return kByBits[layout.low_bits + layout.high_bits];
}

template <int kTokens, Rows16Layout kLayout>
constexpr RunPacked kRunPacked = Product<kTokens, kLayout.scales_per_block, kLayout.has_minima,
                                         quads_to_widen(kLayout)>::template run_packed<kLayout>;

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

const Q8Kernels kQ8KernelsAvx2 = {kMaxTokens, kMaxPackedTokens, 1, true, quantize, unpack, multiply, multiply_packed};

}  // namespace adze::ops
