// Products of 8-bit matrices on AVX-512 with VNNI.
#include <immintrin.h>

#include <cstdint>

#include "ops/standard/integer_products.h"
#include "ops/standard/sum_codes_avx512.h"

namespace adze::ops {
namespace {

constexpr int kTileRows = 8, kTileLanes = 3;

using Sums = __m512i;
using Columns = __m512i;
using Step = __m512i;

inline Sums zero_sums() { return _mm512_setzero_si512(); }
inline Columns load_columns(const uint8_t* from) { return _mm512_loadu_si512(from); }
inline Step splat_step(int32_t four) { return _mm512_set1_epi32(four); }
/// GCC 12 would copy the sum first.
inline void add_products(Sums& sums, Columns x, Step w) { asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(x), "v"(w)); }
inline Sums splat_sum(int32_t number) { return _mm512_set1_epi32(number); }
inline Sums load_sums(const int32_t* from) { return _mm512_loadu_si512(from); }
inline void store_sums(int32_t* to, Sums sums) { _mm512_storeu_si512(to, sums); }
inline Sums add(Sums a, Sums b) { return _mm512_add_epi32(a, b); }
inline Sums multiply_sums(Sums a, Sums b) { return _mm512_mullo_epi32(a, b); }

inline void codes_of(Sums sums, __m512 scales, const IntegerEnd& end, uint8_t* to) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), SumCoding(end).codes(sums, scales));
}
inline void codes_of(Sums sums, float scale, const IntegerEnd& end, uint8_t* to) {
  codes_of(sums, _mm512_set1_ps(scale), end, to);
}
inline void codes_of(Sums sums, const float* scales, const IntegerEnd& end, uint8_t* to) {
  codes_of(sums, _mm512_loadu_ps(scales), end, to);
}

}  // namespace
}  // namespace adze::ops

#include "ops/standard/integer_products_lanes.h"

namespace adze::ops {

const IntegerProducts kIntegerProductsAvx512 = {multiply_bytes, fill_bytes};

}  // namespace adze::ops
