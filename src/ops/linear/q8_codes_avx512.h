// What the 8-bit kernels of `linear` on AVX-512 share: activations and codes in registers. One register holds four
// numbers of each of 16 rows.
#pragma once

// clang-format off: the operations come first
#include "ops/linear/scale_rows_avx512.h"
#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_super_blocks.h"
// clang-format on

namespace adze::ops {
namespace {

struct QuantizeLanes {
  static uint32_t largest_bits(const float* x) {
    return _mm512_reduce_max_epu32(_mm512_max_epu32(magnitudes(x), magnitudes(x + 16)));
  }
  static void store_codes(const float* x, float inverse, int8_t* codes, HalfSums* halves) {
    for (int half = 0; half < 2; ++half) halves[half] = store_half(x + 16 * half, inverse, codes + 16 * half);
  }

 private:
  static __m512i magnitudes(const float* x) {
    return _mm512_and_si512(_mm512_loadu_si512(x), _mm512_set1_epi32(0x7FFFFFFF));
  }
  static HalfSums store_half(const float* x, float inverse, int8_t* codes) {
    const __m512i scaled = _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x), _mm512_set1_ps(inverse)));
    const __m128i bytes = _mm512_cvtepi32_epi8(scaled);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(codes), bytes);
    return {sum_of(_mm_dpbusd_epi32(_mm_setzero_si128(), _mm_set1_epi8(1), bytes)),
            sum_of(_mm_dpbusd_epi32(_mm_setzero_si128(), _mm_abs_epi8(bytes), _mm_set1_epi8(1)))};
  }
  static int32_t sum_of(__m128i lanes) {
    lanes = _mm_add_epi32(lanes, _mm_shuffle_epi32(lanes, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(lanes, _mm_shuffle_epi32(lanes, 0xB1)));
  }
};

// sum += products of four bytes, or of two int16. In place: GCC 12 copies the sums of the intrinsics from register to
// register, which costs a sixth of the speed.
inline __attribute__((always_inline)) void add_products(__m512i& sum, __m512i codes, __m512i x) {
  asm("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(codes), "v"(x));
}
inline __attribute__((always_inline)) void add_pair_products(__m512i& sum, __m512i a, __m512i b) {
  asm("vpdpwssd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}

// The floats of integer sums that start at kSumStart, times `factor`, rounded once.
inline __attribute__((always_inline)) __m512 times_offset_sum(__m512i sum, __m512 factor) {
  return _mm512_fmsub_ps(_mm512_castsi512_ps(sum), factor, _mm512_mul_ps(factor, _mm512_set1_ps(kSumOffset)));
}

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
  inline __attribute__((always_inline)) void next_block() { at += kBlockBytes; }
};

template <Rows16Layout kLayout>
struct RecordCodes {
  static constexpr int kBlockBytes = block_bytes(kLayout);
  const uint8_t* at;

  inline __attribute__((always_inline)) __m512i quad(int q) const {
    if constexpr (kLayout.levels == Levels::even) return code(q);
    const __m128i numbers = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kNumbers.of_code));
    return _mm512_shuffle_epi8(_mm512_broadcast_i32x4(numbers), code(q));
  }
  inline __attribute__((always_inline)) void next_block() {
    prefetch_behind<kBlockBytes>(at);
    at += kBlockBytes;
  }

 private:
  static constexpr LevelNumbers kNumbers = level_numbers(kLayout);

  inline __attribute__((always_inline)) __m512i code(int q) const {
    constexpr int kLow = kLayout.low_bits;
    constexpr int kHigh = kLayout.high_bits;
    const __m512i low = field(plane(plane_of_quad(kLow, q)), shift_of_quad(kLow, q), 0, kLow);
    if constexpr (kHigh == 0) return low;
    return _mm512_or_si512(low, field(plane(kLow + plane_of_quad(kHigh, q)), shift_of_quad(kHigh, q), kLow, kHigh));
  }
  inline __attribute__((always_inline)) __m512i plane(int number) const {
    return _mm512_loadu_si512(at + number * kPlaneBytes);
  }
  // Bits [from, from + bits) of each byte, moved to bit `to`; all are constants once inlined.
  static inline __attribute__((always_inline)) __m512i field(__m512i plane, int from, int to, int bits) {
    if (bits == 8) return plane;
    const __m512i moved = from >= to ? _mm512_srl_epi16(plane, _mm_cvtsi32_si128(from - to))
                                     : _mm512_sll_epi16(plane, _mm_cvtsi32_si128(to - from));
    return _mm512_and_si512(moved, _mm512_set1_epi8(static_cast<char>(((1 << bits) - 1) << to)));
  }
};

}  // namespace
}  // namespace adze::ops
