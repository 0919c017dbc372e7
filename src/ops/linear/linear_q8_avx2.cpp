// linear with 8-bit activations on AVX2: one register holds four numbers of each of 8 rows.
#include <immintrin.h>

#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_unpack.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 6;
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
  float operator()(const float* x, int8_t* codes) const {
    __m256i largest_bits = _mm256_setzero_si256();
    for (int i = 0; i < kBlockNumbers; i += 8) {
      largest_bits = _mm256_max_epu32(largest_bits, magnitude_bits(_mm256_loadu_ps(x + i)));
    }
    const uint32_t bits = largest_lane(largest_bits);
    float largest;
    __builtin_memcpy(&largest, &bits, 4);
    const bool finite = bits < 0x7F800000u;
    const float inverse = finite && largest > 0 ? 127.0f / largest : 0.0f;
    const bool usable = finite && !__builtin_isinf(inverse);
    store(x, usable ? inverse : 0.0f, finite, codes);
    if (!finite) return __builtin_nanf("");
    return usable ? largest / 127.0f : 0.0f;
  }

 private:
  static __m256i scaled(const float* x, __m256 inverse) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), inverse));
  }
  static void store(const float* x, float inverse, bool finite, int8_t* codes) {
    const __m256 factor = _mm256_set1_ps(inverse);
    const __m256i low = _mm256_packs_epi32(scaled(x, factor), scaled(x + 8, factor));
    const __m256i high = _mm256_packs_epi32(scaled(x + 16, factor), scaled(x + 24, factor));
    // The packs interleave 128-bit halves; put the groups of four codes back in order.
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), finite ? packed : _mm256_setzero_si256());
  }
};

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(x, blocks, rules, column, tokens, QuantizeBlock{});
}

// ---- weights

struct WidenHalf {
  void operator()(const uint8_t* from, float* to) const {
    for (int i = 0; i < kGroupRows; i += kHalfRows) {
      _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from + 2 * i))));
    }
  }
};

// 8-bit codes stay int8 here: unsigned ones would overflow the 16-bit pair sums.
void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, WidenHalf{}, 0x80, tile);
}

// ---- products

inline __m256i broadcast_quad(const int8_t* quad) {
  int32_t bits;
  __builtin_memcpy(&bits, quad, 4);
  return _mm256_set1_epi32(bits);
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

  static inline __attribute__((always_inline)) void add_run(const uint8_t* codes, const int8_t* panel,
                                                            __m256i (&sum)[kTokens]) {
    __m256i pairs[kTokens];
#pragma GCC unroll 8
    for (int q = 0; q < kRun; ++q) {
      const __m256i weights = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + q * kPlaneBytes));
#pragma GCC unroll 6
      for (int t = 0; t < kTokens; ++t) {
        const __m256i products = pair_sums(weights, broadcast_quad(panel + 4 * (q * kTokens + t)));
        pairs[t] = q == 0 ? products : _mm256_add_epi16(pairs[t], products);
      }
    }
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      sum[t] = _mm256_add_epi32(sum[t], _mm256_madd_epi16(pairs[t], _mm256_set1_epi16(1)));
    }
  }

  // total += the products of one weight scale's numbers.
  static inline __attribute__((always_inline)) void add_part(const uint8_t* codes, const int8_t* panel,
                                                             const int32_t* sums, const float* activation_scales,
                                                             __m256 scale, float* total) {
    __m256i sum[kTokens];
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) sum[t] = kMinima ? _mm256_setzero_si256() : _mm256_set1_epi32(sums[t]);
#pragma GCC unroll 8
    for (int q = 0; q < kQuadsInPart; q += kRun) add_run(codes + q * kPlaneBytes, panel + 4 * q * kTokens, sum);
#pragma GCC unroll 6
    for (int t = 0; t < kTokens; ++t) {
      const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sum[t]), scale);
      float* to = total + t * kGroupRows;
      _mm256_storeu_ps(to, _mm256_fmadd_ps(scaled, _mm256_set1_ps(activation_scales[t]), _mm256_loadu_ps(to)));
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

  static void run(const CodeTile& tile, const Panel& panel, int blocks, float* out) {
    for (int first = 0; first < kGroupRows; first += kHalfRows) run_half(tile, panel, blocks, first, out + first);
  }

  static void run_half(const CodeTile& tile, const Panel& panel, int blocks, int first, float* total) {
    const uint8_t* codes = tile.codes + 4 * first;
    const int8_t* quads = panel.codes;
    for (int b = 0; b < blocks; ++b) {
      for (int p = 0; p < kParts; ++p) {
        const int at = b * kParts + p;
        const int32_t* sums = panel.sums + at * kTokens;
        add_part(codes, quads, sums, panel.scales + b * kTokens, _mm256_loadu_ps(tile.scales + at * kGroupRows + first),
                 total);
        if constexpr (kMinima) subtract_minima(_mm256_loadu_ps(tile.minima + at * kGroupRows + first), sums, total);
        codes += kQuadsInPart * kPlaneBytes;
        quads += kQuadsInPart * 4 * kTokens;
      }
    }
  }
};

typedef void (*Run)(const CodeTile& tile, const Panel& panel, int blocks, float* out);

struct RunsByTokens {
  Run runs[kMaxTokens + 1];
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

void multiply(const CodeRules& rules, const CodeTile& tile, const Panel& panel, const Extent& extent, float* sums) {
  runs_of(rules).runs[extent.tokens](tile, panel, extent.blocks, sums);
}

}  // namespace

const Q8Kernels kQ8KernelsAvx2 = {kMaxTokens, true, quantize, unpack, multiply};

}  // namespace adze::ops
