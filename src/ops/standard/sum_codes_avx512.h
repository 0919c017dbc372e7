// 8-bit codes of sums on AVX-512; included behind <immintrin.h>.
#pragma once

#include "ops/standard/integer_products.h"

namespace adze::ops {
namespace {

/// As IntegerEnd says of results of 8 bits; made once for many sums.
class SumCoding {
 public:
  // Limits are whole numbers: what lies within them before rounding does so afterwards.
  explicit SumCoding(const IntegerEnd& end)
      : zero_(_mm512_set1_epi32(end.zero)),
        least_(_mm512_set1_ps(static_cast<float>(end.least - end.zero))),
        most_(_mm512_set1_ps(static_cast<float>(end.most - end.zero))) {}

  __m128i codes(__m512i sums, __m512 scales) const {
    const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums), scales);
    const __m512 kept = _mm512_max_ps(_mm512_min_ps(scaled, most_), least_);
    return _mm512_cvtepi32_epi8(_mm512_add_epi32(_mm512_cvtps_epi32(kept), zero_));
  }

 private:
  __m512i zero_;
  __m512 least_, most_;
};

}  // namespace
}  // namespace adze::ops
