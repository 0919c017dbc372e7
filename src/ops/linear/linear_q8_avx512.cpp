// linear with 8-bit activations on AVX-512 VNNI: one register holds four numbers of each of 16 rows.
#include <immintrin.h>

#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_unpack.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 12;

// ---- activations

// The rule of quantize_activation.h, bit by bit; magnitudes of floats compare like their bits.
struct QuantizeBlock {
  float operator()(const float* x, int8_t* codes) const {
    const __m512 low = _mm512_loadu_ps(x);
    const __m512 high = _mm512_loadu_ps(x + 16);
    const __m512i all_but_sign = _mm512_set1_epi32(0x7FFFFFFF);
    const uint32_t largest_bits =
        _mm512_reduce_max_epu32(_mm512_max_epu32(_mm512_and_si512(_mm512_castps_si512(low), all_but_sign),
                                                 _mm512_and_si512(_mm512_castps_si512(high), all_but_sign)));
    float largest;
    __builtin_memcpy(&largest, &largest_bits, 4);
    const bool finite = largest_bits < 0x7F800000u;
    const float inverse = finite && largest > 0 ? 127.0f / largest : 0.0f;
    const bool usable = finite && !__builtin_isinf(inverse);
    store(low, usable ? inverse : 0.0f, finite, codes);
    store(high, usable ? inverse : 0.0f, finite, codes + 16);
    if (!finite) return __builtin_nanf("");
    return usable ? largest / 127.0f : 0.0f;
  }

 private:
  static void store(__m512 x, float inverse, bool finite, int8_t* codes) {
    const __m512i scaled = _mm512_cvtps_epi32(_mm512_mul_ps(x, _mm512_set1_ps(inverse)));
    const __m512i rounded = finite ? scaled : _mm512_setzero_si512();
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes), _mm512_cvtepi32_epi8(rounded));
  }
};

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(x, blocks, rules, column, tokens, QuantizeBlock{});
}

// ---- weights

struct WidenHalf {
  void operator()(const uint8_t* from, float* to) const {
    _mm512_storeu_ps(to, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))));
  }
};

void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, WidenHalf{}, 0, tile);
}

// ---- products

inline __attribute__((always_inline)) __m512i multiply_add_quad(__m512i sum, __m512i weights, const int8_t* quad) {
  // GCC 12 does not fold a broadcast load into the instruction by itself.
  asm("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(weights), "m"(*reinterpret_cast<const int32_t(*)[1]>(quad)));
  return sum;
}

template <int kTokens, int kParts, bool kMinima>
struct Product {
  static constexpr int kQuadsInPart = kQuads / kParts;

  // Integer sums of one scale's numbers, turned to float and scaled by the weight's scale.
  static inline __attribute__((always_inline)) void part(const uint8_t* codes, const int8_t* panel, const int32_t* sums,
                                                         __m512 scale, __m512 (&scaled)[kTokens]) {
    __m512i sum[kTokens];
#pragma GCC unroll 12
    for (int t = 0; t < kTokens; ++t) sum[t] = kMinima ? _mm512_setzero_si512() : _mm512_set1_epi32(sums[t]);
#pragma GCC unroll 8
    for (int q = 0; q < kQuadsInPart; ++q) {
      const __m512i weights = _mm512_loadu_si512(codes + q * kPlaneBytes);
#pragma GCC unroll 12
      for (int t = 0; t < kTokens; ++t) sum[t] = multiply_add_quad(sum[t], weights, panel + 4 * (q * kTokens + t));
    }
#pragma GCC unroll 12
    for (int t = 0; t < kTokens; ++t) scaled[t] = _mm512_mul_ps(_mm512_cvtepi32_ps(sum[t]), scale);
  }

  static void run(const CodeTile& tile, const Panel& panel, int blocks, float* out) {
    __m512 total[kTokens];
#pragma GCC unroll 12
    for (int t = 0; t < kTokens; ++t) total[t] = _mm512_loadu_ps(out + t * kGroupRows);
    const uint8_t* codes = tile.codes;
    const int8_t* quads = panel.codes;
    const int32_t* sums = panel.sums;
    const float* scales = tile.scales;
    const float* minima = tile.minima;
    for (int b = 0; b < blocks; ++b) {
#pragma GCC unroll 2
      for (int p = 0; p < kParts; ++p) {
        __m512 scaled[kTokens];
        part(codes, quads, sums, _mm512_loadu_ps(scales), scaled);
#pragma GCC unroll 12
        for (int t = 0; t < kTokens; ++t) {
          total[t] = _mm512_fmadd_ps(scaled[t], _mm512_set1_ps(panel.scales[b * kTokens + t]), total[t]);
        }
        if constexpr (kMinima) {
          const __m512 minimum = _mm512_loadu_ps(minima);
#pragma GCC unroll 12
          for (int t = 0; t < kTokens; ++t) {
            total[t] = _mm512_fnmadd_ps(minimum, _mm512_castsi512_ps(_mm512_set1_epi32(sums[t])), total[t]);
          }
          minima += kGroupRows;
        }
        codes += kQuadsInPart * kPlaneBytes;
        quads += kQuadsInPart * 4 * kTokens;
        sums += kTokens;
        scales += kGroupRows;
      }
    }
#pragma GCC unroll 12
    for (int t = 0; t < kTokens; ++t) _mm512_storeu_ps(out + t * kGroupRows, total[t]);
  }
};

typedef void (*Run)(const CodeTile& tile, const Panel& panel, int blocks, float* out);

struct RunsByTokens {
  Run runs[kMaxTokens + 1];
};

template <int kParts, bool kMinima>
constexpr RunsByTokens kRuns = {{
    nullptr,
    Product<1, kParts, kMinima>::run,
    Product<2, kParts, kMinima>::run,
    Product<3, kParts, kMinima>::run,
    Product<4, kParts, kMinima>::run,
    Product<5, kParts, kMinima>::run,
    Product<6, kParts, kMinima>::run,
    Product<7, kParts, kMinima>::run,
    Product<8, kParts, kMinima>::run,
    Product<9, kParts, kMinima>::run,
    Product<10, kParts, kMinima>::run,
    Product<11, kParts, kMinima>::run,
    Product<12, kParts, kMinima>::run,
}};

void multiply(const CodeRules& rules, const CodeTile& tile, const Panel& panel, const Extent& extent, float* sums) {
  const RunsByTokens& one = rules.has_minima ? kRuns<1, true> : kRuns<1, false>;
  const RunsByTokens& two = rules.has_minima ? kRuns<2, true> : kRuns<2, false>;
  (rules.scales_per_block == 1 ? one : two).runs[extent.tokens](tile, panel, extent.blocks, sums);
}

}  // namespace

const Q8Kernels kQ8KernelsAvx512 = {kMaxTokens, false, quantize, unpack, multiply};

}  // namespace adze::ops
