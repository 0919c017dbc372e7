// 8-bit codes of sums on AVX2; included behind <immintrin.h>.
#pragma once

#include "ops/standard/integer_products.h"

namespace adze::ops {
namespace {

/// Eight codes as i32, as IntegerEnd says of results of 8 bits.
inline __m256i coded(__m256i sums, __m256 scales, const IntegerEnd& end) {
  // Limits are whole numbers: what lies within them before rounding does so afterwards.
  const __m256 least = _mm256_set1_ps(static_cast<float>(end.least - end.zero));
  const __m256 most = _mm256_set1_ps(static_cast<float>(end.most - end.zero));
  const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), scales);
  const __m256 kept = _mm256_max_ps(_mm256_min_ps(scaled, most), least);
  return _mm256_add_epi32(_mm256_cvtps_epi32(kept), _mm256_set1_epi32(end.zero));
}

}  // namespace
}  // namespace adze::ops
