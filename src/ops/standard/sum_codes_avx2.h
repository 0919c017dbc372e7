// 8-bit codes of sums on AVX2; included behind <immintrin.h>.
#pragma once

#include "ops/standard/integer_products.h"

namespace adze::ops {
namespace {

/// Eight codes as i32, as IntegerEnd says of results of 8 bits.
inline __m256i coded(__m256i sums, __m256 scales, const IntegerEnd& end) {
  // Within what i32 holds, and far outside of any code.
  const __m256 limit = _mm256_set1_ps(1 << 24);
  const __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(sums), scales);
  const __m256 kept = _mm256_max_ps(_mm256_min_ps(scaled, limit), _mm256_sub_ps(_mm256_setzero_ps(), limit));
  const __m256i codes = _mm256_add_epi32(_mm256_cvtps_epi32(kept), _mm256_set1_epi32(end.zero));
  return _mm256_min_epi32(_mm256_max_epi32(codes, _mm256_set1_epi32(end.least)), _mm256_set1_epi32(end.most));
}

}  // namespace
}  // namespace adze::ops
