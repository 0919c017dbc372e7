// Scales of sixteen rows as floats and levels of their codes, on AVX2. scale_rows_avx512.h has the same operations.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace adze::ops {
namespace {

struct ScaleRows {
  /// The scale of a part as SuperBlockScales has it, in both halves: sums come in pairs of 16 bits.
  static int32_t scale_word(int8_t scale) { return static_cast<int32_t>(static_cast<uint16_t>(scale) * 0x10001u); }
  /// Sixteen f16 as floats.
  static void widen(const uint8_t* halves, float* out) {
    const auto* from = reinterpret_cast<const __m128i*>(halves);
    _mm256_storeu_ps(out, _mm256_cvtph_ps(_mm_loadu_si128(from)));
    _mm256_storeu_ps(out + 8, _mm256_cvtph_ps(_mm_loadu_si128(from + 1)));
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
    times_half(scale, bytes, out);
    times_half(scale + 8, _mm_unpackhi_epi64(bytes, bytes), out + 8);
  }
  static void times_half(const float* scale, __m128i bytes, float* out) {
    const __m256 numbers = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
    _mm256_storeu_ps(out, _mm256_mul_ps(_mm256_loadu_ps(scale), numbers));
  }
};

struct LevelRows {
  /// Replaces the 64 codes of a quad, below 16 each, by the bytes that `of_code` has for them.
  static void look_up(const uint8_t* of_code, uint8_t* quad) {
    const auto* from = reinterpret_cast<const __m128i*>(of_code);
    const __m256i table = _mm256_broadcastsi128_si256(_mm_loadu_si128(from));
    for (int at = 0; at < 64; at += 32) {
      auto* codes = reinterpret_cast<__m256i*>(quad + at);
      _mm256_storeu_si256(codes, _mm256_shuffle_epi8(table, _mm256_loadu_si256(codes)));
    }
  }
};

}  // namespace
}  // namespace adze::ops
