// Scales of sixteen rows as floats and levels of their codes, on AVX-512. scale_rows_avx2.h has the same operations.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace adze::ops {
namespace {

struct ScaleRows {
  /// The scale of a part as SuperBlockScales has it, in the low half alone: the high half of a sum is only its sign.
  static int32_t scale_word(int8_t scale) { return static_cast<uint16_t>(scale); }
  /// Sixteen f16 as floats.
  static void widen(const uint8_t* halves, float* out) {
    _mm512_storeu_ps(out, _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves))));
  }
  /// out = scale * bytes, as int8.
  static void times_bytes(const float* scale, const uint8_t* bytes, float* out) {
    times(scale, _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes)), out);
  }
  /// out = scale * the nibbles at bit 0 or 4 of the bytes.
  static void times_nibbles(const float* scale, const uint8_t* bytes, int at, float* out) {
    const __m128i all = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
    times(scale, _mm_and_si128(_mm_srl_epi16(all, _mm_cvtsi32_si128(at)), _mm_set1_epi8(15)), out);
  }

 private:
  static void times(const float* scale, __m128i bytes, float* out) {
    _mm512_storeu_ps(out, _mm512_mul_ps(_mm512_loadu_ps(scale), _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes))));
  }
};

struct LevelRows {
  /// Replaces the 64 codes of a quad, below 16 each, by the bytes that `of_code` has for them.
  static void look_up(const uint8_t* of_code, uint8_t* quad) {
    const __m512i table = _mm512_broadcast_i32x4(_mm_loadu_si128(reinterpret_cast<const __m128i*>(of_code)));
    _mm512_storeu_si512(quad, _mm512_shuffle_epi8(table, _mm512_loadu_si512(quad)));
  }
};

}  // namespace
}  // namespace adze::ops
