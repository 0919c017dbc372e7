// What the 8-bit kernels of `linear` on AVX2 share: activations and codes in registers. One register holds four numbers
// of each of 8 rows.
#pragma once

// clang-format off: the operations come first
#include "ops/linear/scale_rows_avx2.h"
#include "ops/linear/code_tile.h"
#include "ops/linear/panel_column.h"
#include "ops/linear/rows16_super_blocks.h"
// clang-format on

namespace adze::ops {
namespace {

constexpr int kHalfRows = 8;

struct QuantizeLanes {
  static uint32_t largest_bits(const float* x) {
    __m256i bits = _mm256_setzero_si256();
    for (int i = 0; i < kBlockNumbers; i += 8) {
      const __m256i numbers = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(x + i));
      bits = _mm256_max_epu32(bits, _mm256_and_si256(numbers, _mm256_set1_epi32(0x7FFFFFFF)));
    }
    __m128i largest = _mm_max_epu32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    largest = _mm_max_epu32(largest, _mm_shuffle_epi32(largest, 0x4E));
    largest = _mm_max_epu32(largest, _mm_shuffle_epi32(largest, 0xB1));
    return static_cast<uint32_t>(_mm_cvtsi128_si32(largest));
  }
  static void store_codes(const float* x, float inverse, int8_t* codes, HalfSums* halves) {
    const __m256 factor = _mm256_set1_ps(inverse);
    const __m256i low = _mm256_packs_epi32(scaled(x, factor), scaled(x + 8, factor));
    const __m256i high = _mm256_packs_epi32(scaled(x + 16, factor), scaled(x + 24, factor));
    halves[0] = {lane_sum(low), lane_sum(_mm256_abs_epi16(low))};
    halves[1] = {lane_sum(high), lane_sum(_mm256_abs_epi16(high))};
    // The packs interleave 128-bit halves; put the groups of four codes back in order.
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i packed = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(low, high), order);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(codes), packed);
  }

 private:
  static __m256i scaled(const float* x, __m256 inverse) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), inverse));
  }
  // Of 16 codes of 16 bits.
  static int32_t lane_sum(__m256i codes) {
    const __m256i pairs = _mm256_madd_epi16(codes, _mm256_set1_epi16(1));
    __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256(pairs, 1));
    sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1)));
  }
};

/// How many quads' pair sums fit into int16 (the pair sum of b-bit numbers is at most 2 * 127 * (2^b - 1)). 0: the
/// numbers are int8, each quad is widened and the sign moves from the number to the activation.
constexpr int quads_to_widen(int bits) {
  constexpr int kByBits[] = {8, 8, 8, 8, 8, 4, 2, 1, 0};
  return kByBits[bits];
}

// Where the codes of a block come from: quad(q) has number 4 q + i of row r in byte 4 r + i, for 8 rows.
struct TileCodes {
  static constexpr int kBlockBytes = kQuads * kPlaneBytes;
  const uint8_t* at;
  inline __attribute__((always_inline)) __m256i quad(int q) const {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + q * kPlaneBytes));
  }
  inline __attribute__((always_inline)) void next_block() { at += kBlockBytes; }
};

template <Rows16Layout kLayout>
struct RecordCodes {
  static constexpr int kBlockBytes = block_bytes(kLayout);
  const uint8_t* at;

  inline __attribute__((always_inline)) __m256i quad(int q) const {
    if constexpr (kLayout.levels == Levels::even) return flipped(code(q));
    const __m128i numbers = _mm_loadu_si128(reinterpret_cast<const __m128i*>(kNumbers.of_code));
    return _mm256_shuffle_epi8(flipped(_mm256_broadcastsi128_si256(numbers)), code(q));
  }
  inline __attribute__((always_inline)) void next_block() { at += kBlockBytes; }

 private:
  static constexpr LevelNumbers kNumbers = level_numbers(kLayout);

  static inline __attribute__((always_inline)) __m256i flipped(__m256i numbers) {
    return number_bits(kLayout) == 8 ? _mm256_xor_si256(numbers, _mm256_set1_epi8(-128)) : numbers;
  }
  inline __attribute__((always_inline)) __m256i code(int q) const {
    constexpr int kLow = kLayout.low_bits;
    constexpr int kHigh = kLayout.high_bits;
    const __m256i low = field(plane(plane_of_quad(kLow, q)), shift_of_quad(kLow, q), 0, kLow);
    if constexpr (kHigh == 0) return low;
    return _mm256_or_si256(low, field(plane(kLow + plane_of_quad(kHigh, q)), shift_of_quad(kHigh, q), kLow, kHigh));
  }
  inline __attribute__((always_inline)) __m256i plane(int number) const {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + number * kPlaneBytes));
  }
  // Bits [from, from + bits) of each byte, moved to bit `to`; all are constants once inlined.
  static inline __attribute__((always_inline)) __m256i field(__m256i plane, int from, int to, int bits) {
    if (bits == 8) return plane;
    const __m256i moved = from >= to ? _mm256_srl_epi16(plane, _mm_cvtsi32_si128(from - to))
                                     : _mm256_sll_epi16(plane, _mm_cvtsi32_si128(to - from));
    return _mm256_and_si256(moved, _mm256_set1_epi8(static_cast<char>(((1 << bits) - 1) << to)));
  }
};

/// Fetches what comes behind as it goes: of the two halves of the rows, the first does.
template <Rows16Layout kLayout>
struct FetchingRecordCodes : RecordCodes<kLayout> {
  inline __attribute__((always_inline)) void next_block() {
    prefetch_behind<RecordCodes<kLayout>::kBlockBytes>(this->at);
    RecordCodes<kLayout>::next_block();
  }
};

inline __m256i broadcast_quad(const int8_t* quad) {
  int32_t bits;
  __builtin_memcpy(&bits, quad, 4);
  return _mm256_set1_epi32(bits);
}

/// Pair sums of a quad; kQuadsToWiden: see above.
template <int kQuadsToWiden>
inline __attribute__((always_inline)) __m256i pair_sums(__m256i weights, __m256i activations) {
  if constexpr (kQuadsToWiden > 0) return _mm256_maddubs_epi16(weights, activations);
  return _mm256_maddubs_epi16(_mm256_abs_epi8(weights), _mm256_sign_epi8(activations, weights));
}

// GCC 12 would reassociate a chain of these sums, keep all products alive and spill them: half the speed.
inline __attribute__((always_inline)) void add_pairs(__m256i& sum, __m256i products) {
  asm("vpaddw %1, %0, %0" : "+x"(sum) : "x"(products));
}

}  // namespace
}  // namespace adze::ops
