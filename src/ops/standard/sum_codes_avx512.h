// 8-bit codes of sums on AVX-512; included behind <immintrin.h>.
#pragma once

#include "ops/standard/integer_products.h"

namespace adze::ops {
namespace {

/// As IntegerEnd says of results of 8 bits; made once for many sums.
class SumCoding {
 public:
  explicit SumCoding(const IntegerEnd& end)
      : zero_(_mm512_set1_epi32(end.zero)), least_(_mm512_set1_epi32(end.least)), most_(_mm512_set1_epi32(end.most)) {}

  __m128i codes(__m512i sums, __m512 scales) const {
    // Within what i32 holds, and far outside of any code.
    const __m512 limit = _mm512_set1_ps(1 << 24), scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), scales);
    const __m512 kept = _mm512_max_ps(_mm512_min_ps(scaled, limit), _mm512_sub_ps(_mm512_setzero_ps(), limit));
    const __m512i codes = _mm512_add_epi32(_mm512_cvtps_epi32(kept), zero_);
    return _mm512_cvtepi32_epi8(_mm512_min_epi32(_mm512_max_epi32(codes, least_), most_));
  }

 private:
  __m512i zero_, least_, most_;
};

}  // namespace
}  // namespace adze::ops
