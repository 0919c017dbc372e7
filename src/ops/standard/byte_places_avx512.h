// Bytes for place_products_lanes.h, on AVX-512 with VNNI.
#pragma once

#include <immintrin.h>

#include <cstring>

#include "ops/standard/place_products_lanes.h"
#include "ops/standard/sum_codes_avx512.h"

namespace adze::ops {
namespace {

inline __mmask16 first_of(int64_t count) {
  return count >= kStrip ? __mmask16{0xFFFF} : static_cast<__mmask16>((1u << count) - 1);
}

struct ByteArithmetic {
  using Destination = BytePlaces;
  using Sums = __m512i;
  using Filter = __m512i;
  using Number = __m512i;
  static constexpr int kPlaces = 8, kStrips = 3;
  static constexpr int64_t kChannelBytes = 1;

  static Sums none() { return _mm512_setzero_si512(); }
  static Filter filter(const std::byte* from) { return _mm512_loadu_si512(from); }
  static Number number(const std::byte* from) {
    int32_t four;
    std::memcpy(&four, from, sizeof four);
    return _mm512_set1_epi32(four);
  }
  /// GCC 12 would copy the sum first.
  static void add(Sums& sums, Number number, Filter filter) {
    asm("vpdpbusd %2, %1, %0" : "+v"(sums) : "v"(number), "v"(filter));
  }

  static Sums load_sums(const std::byte* from) { return filter(from); }
  static void store_sums(std::byte* to, Sums sums) { _mm512_storeu_si512(to, sums); }

  static Filter weights(const std::byte* from) { return filter(from); }
  static Number channels(const std::byte* from, int64_t count) {
    return _mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(first_of(count), from));
  }
  /// The upper halves of what channels() gives are zero.
  static void add_channels(Sums& sums, Number numbers, Filter weights) {
    asm("vpdpwssd %2, %1, %0" : "+v"(sums) : "v"(numbers), "v"(weights));
  }

  class Ending {
   public:
    Ending(const BytePlaces& to, int64_t output, int64_t count)
        : to_(to),
          output_(output),
          mask_(first_of(count)),
          terms_(to.end->column_terms ? _mm512_maskz_loadu_epi32(mask_, to.end->column_terms + output) : none()),
          scales_(to.sums ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask_, to.end->column_scales + output)),
          coding_(*to.end) {}

    template <int kPlaces>
    [[gnu::always_inline]] void store_all(int64_t place, const Sums (&sums)[kPlaces]) const {
      const int64_t at = place * to_.out_step + output_;
      if (to_.sums) {
#pragma GCC unroll 8
        for (int i = 0; i < kPlaces; ++i) {
          _mm512_mask_storeu_epi32(to_.sums + at + i * to_.out_step, mask_, _mm512_add_epi32(sums[i], terms_));
        }
        return;
      }
#pragma GCC unroll 8
      for (int i = 0; i < kPlaces; ++i) {
        const __m128i codes = coding_.codes(_mm512_add_epi32(sums[i], terms_), scales_);
        _mm_mask_storeu_epi8(to_.codes + at + i * to_.out_step, mask_, codes);
      }
    }

    [[gnu::always_inline]] void store(int64_t place, Sums sums) const { store_all(place, {sums}); }

   private:
    const BytePlaces& to_;
    int64_t output_;
    __mmask16 mask_;
    __m512i terms_;
    __m512 scales_;
    SumCoding coding_;
  };
};

}  // namespace
}  // namespace adze::ops
