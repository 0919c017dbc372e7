// Bytes for place_products_lanes.h on AVX2: as 16-bit numbers, of which one instruction adds up two products without an
// overflow. Pixels come widened (PlaceProducts::byte_width).
#pragma once

#include <immintrin.h>

#include <cstring>

#include "ops/standard/place_products_lanes.h"
#include "ops/standard/sum_codes_avx2.h"

namespace adze::ops {
namespace {

inline __m256i load_half(const void* from) { return _mm256_loadu_si256(static_cast<const __m256i*>(from)); }

struct ByteSums {
  __m256i low, high;
};

/// What becomes of the sums of sixteen outputs, of which `count` exist.
class ByteEnding {
 public:
  ByteEnding(const BytePlaces& to, int64_t output, int64_t count)
      : to_(to),
        output_(output),
        count_(count),
        low_(to, output, lanes_before(count, 0)),
        high_(to, output + kStrip / 2, lanes_before(count, kStrip / 2)),
        coding_(*to.end) {}

  template <int kPlaces>
  [[gnu::always_inline]] void store_all(int64_t place, const ByteSums (&sums)[kPlaces]) const {
    if (to_.sums || count_ < kStrip) {
#pragma GCC unroll 8
      for (int i = 0; i < kPlaces; ++i) store_some(place + i, sums[i]);
      return;
    }
    uint8_t* codes = to_.codes + place * to_.out_step + output_;
#pragma GCC unroll 8
    for (int i = 0; i < kPlaces; ++i) {
      store_codes(coding_.codes(_mm256_add_epi32(sums[i].low, low_.terms), low_.scales),
                  coding_.codes(_mm256_add_epi32(sums[i].high, high_.terms), high_.scales), codes + i * to_.out_step);
    }
  }

  [[gnu::always_inline]] void store(int64_t place, const ByteSums& sums) const { store_all(place, {sums}); }

 private:
  /// Of eight outputs.
  struct Half {
    __m256i terms;
    __m256 scales;

    Half(const BytePlaces& to, int64_t output, __m256i exist)
        : terms(to.end->column_terms ? _mm256_maskload_epi32(to.end->column_terms + output, exist)
                                     : _mm256_setzero_si256()),
          scales(to.sums ? _mm256_setzero_ps() : _mm256_maskload_ps(to.end->column_scales + output, exist)) {}
  };

  /// Sums, or codes of fewer outputs.
  [[gnu::noinline]] void store_some(int64_t place, const ByteSums& sums) const {
    __m256i low = _mm256_add_epi32(sums.low, low_.terms), high = _mm256_add_epi32(sums.high, high_.terms);
    if (!to_.sums) {
      low = coding_.codes(low, low_.scales);
      high = coding_.codes(high, high_.scales);
    }
    int32_t results[kStrip];
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(results), low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(results + kStrip / 2), high);
    store_results(to_, place * to_.out_step + output_, count_, results);
  }

  const BytePlaces& to_;
  int64_t output_, count_;
  Half low_, high_;
  SumCoding coding_;
};

struct ByteArithmetic {
  using Sums = ByteSums;
  using Filter = ByteSums;
  using Number = __m256i;
  using Destination = BytePlaces;
  using Ending = ByteEnding;
  static constexpr int kPlaces = 6, kStrips = 1;

  static Sums none() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static Filter filter(const std::byte* from) { return load_sums(from); }
  static Number number(const std::byte* from) {
    int32_t two;
    std::memcpy(&two, from, sizeof two);
    return _mm256_set1_epi32(two);
  }
  static void add(Sums& sums, Number number, const Filter& filter) {
    sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(number, filter.low));
    sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(number, filter.high));
  }

  static Sums load_sums(const std::byte* from) { return {load_half(from), load_half(from + kStripBytes / 2)}; }
  static void store_sums(std::byte* to, const Sums& sums) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums.low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + kStripBytes / 2), sums.high);
  }
};

}  // namespace
}  // namespace adze::ops
