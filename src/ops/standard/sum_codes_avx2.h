// 8-bit codes of sums on AVX2; included behind <immintrin.h>.
#pragma once

#include "ops/standard/integer_products.h"

namespace adze::ops {
namespace {

/// As IntegerEnd says of results of 8 bits; made once for many sums.
class SumCoding {
 public:
  // Limits are whole numbers: what lies within them before rounding does so afterwards.
  explicit SumCoding(const IntegerEnd& end)
      : zero_(_mm256_set1_epi32(end.zero)),
        least_(_mm256_set1_ps(static_cast<float>(end.least - end.zero))),
        most_(_mm256_set1_ps(static_cast<float>(end.most - end.zero))) {}

  /// Eight as i32.
  __m256i codes(__m256i sums, __m256 scales) const {
    const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), scales);
    const __m256 kept = _mm256_max_ps(_mm256_min_ps(scaled, most_), least_);
    return _mm256_add_epi32(_mm256_cvtps_epi32(kept), zero_);
  }

 private:
  __m256i zero_;
  __m256 least_, most_;
};

/// Sixteen codes as the bytes that they are, signed or not.
inline void store_codes(__m256i low, __m256i high, uint8_t* to) {
  const __m256i byte = _mm256_set1_epi32(0xFF);
  // Packed by halves: 0 to 3, 8 to 11, 4 to 7, 12 to 15.
  const __m256i words = _mm256_packus_epi32(_mm256_and_si256(low, byte), _mm256_and_si256(high, byte));
  const __m256i in_order = _mm256_permute4x64_epi64(words, 0xD8);
  const __m128i codes = _mm_packus_epi16(_mm256_castsi256_si128(in_order), _mm256_extracti128_si256(in_order, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), codes);
}

}  // namespace
}  // namespace adze::ops
