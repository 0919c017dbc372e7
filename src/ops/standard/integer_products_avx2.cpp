// Products of 8-bit matrices on AVX2: as 16-bit numbers, whose sums of two products cannot overflow.
#include <immintrin.h>

#include <cstdint>

#include "ops/standard/integer_products.h"
#include "ops/standard/sum_codes_avx2.h"

namespace adze::ops {
namespace {

constexpr int kTileRows = 4, kTileLanes = 1;

struct Sums {
  __m256i low, high;
};
/// Numbers 0 and 2, and 1 and 3, of each column's four.
struct Columns {
  __m256i low_even, low_odd, high_even, high_odd;
};
struct Step {
  __m256i even, odd;
};

inline Sums zero_sums() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
inline Columns load_columns(const uint8_t* from) {
  const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 32));
  const __m256i even = _mm256_set1_epi16(0xFF);
  return {_mm256_and_si256(low, even), _mm256_srli_epi16(low, 8), _mm256_and_si256(high, even),
          _mm256_srli_epi16(high, 8)};
}
inline Step splat_step(int32_t four) {
  const __m256i all = _mm256_set1_epi32(four);
  return {_mm256_srai_epi16(_mm256_slli_epi16(all, 8), 8), _mm256_srai_epi16(all, 8)};
}
inline void add_products(Sums& sums, const Columns& x, const Step& w) {
  const __m256i low = _mm256_add_epi32(_mm256_madd_epi16(x.low_even, w.even), _mm256_madd_epi16(x.low_odd, w.odd));
  const __m256i high = _mm256_add_epi32(_mm256_madd_epi16(x.high_even, w.even), _mm256_madd_epi16(x.high_odd, w.odd));
  sums = {_mm256_add_epi32(sums.low, low), _mm256_add_epi32(sums.high, high)};
}
inline Sums splat_sum(int32_t number) { return {_mm256_set1_epi32(number), _mm256_set1_epi32(number)}; }
inline Sums load_sums(const int32_t* from) {
  return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)),
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + 8))};
}
inline void store_sums(int32_t* to, const Sums& sums) {
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums.low);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + 8), sums.high);
}
inline Sums add(const Sums& a, const Sums& b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
inline Sums multiply_sums(const Sums& a, const Sums& b) {
  return {_mm256_mullo_epi32(a.low, b.low), _mm256_mullo_epi32(a.high, b.high)};
}

inline void codes_of(const Sums& sums, float scale, const IntegerEnd& end, uint8_t* to) {
  const __m256 scales = _mm256_set1_ps(scale);
  const SumCoding coding(end);
  store_codes(coding.codes(sums.low, scales), coding.codes(sums.high, scales), to);
}
inline void codes_of(const Sums& sums, const float* scales, const IntegerEnd& end, uint8_t* to) {
  const SumCoding coding(end);
  store_codes(coding.codes(sums.low, _mm256_loadu_ps(scales)), coding.codes(sums.high, _mm256_loadu_ps(scales + 8)),
              to);
}

}  // namespace
}  // namespace adze::ops

#include "ops/standard/integer_products_lanes.h"

namespace adze::ops {

const IntegerProducts kIntegerProductsAvx2 = {multiply_bytes, fill_bytes};

}  // namespace adze::ops
