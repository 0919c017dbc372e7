// Convolutions whose channels come last on AVX2: bytes as 16-bit numbers, whose sums of two products cannot overflow.
#include <cstring>

// clang-format off: the operations come first
#include "ops/lanes_avx2.h"
#include "ops/standard/float_products_lanes.h"
#include "ops/standard/float_places_lanes.h"
#include "ops/standard/dot_places_lanes.h"
#include "ops/standard/winograd_lanes.h"
#include "ops/standard/sum_codes_avx2.h"
// clang-format on

namespace adze::ops {
namespace {

inline __m256i load_half(const std::byte* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
/// Signed bytes 0 and 2, or 1 and 3, of each four as 16-bit numbers.
inline __m256i even_bytes(__m256i bytes) { return _mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8); }
inline __m256i odd_bytes(__m256i bytes) { return _mm256_srai_epi16(bytes, 8); }

struct ByteArithmetic {
  struct Sums {
    __m256i low, high;
  };
  struct Filter {
    __m256i low_even, low_odd, high_even, high_odd;
  };
  struct Number {
    __m256i even, odd;
  };
  using Destination = BytePlaces;
  static constexpr int kPlaces = 4, kStrips = 1;
  static constexpr int64_t kChannelBytes = 1;

  static Sums none() { return {_mm256_setzero_si256(), _mm256_setzero_si256()}; }
  static Filter filter(const std::byte* from) {
    const __m256i low = load_half(from), high = load_half(from + kStripBytes / 2);
    return {even_bytes(low), odd_bytes(low), even_bytes(high), odd_bytes(high)};
  }
  static Number number(const std::byte* from) {
    int32_t four;
    std::memcpy(&four, from, sizeof four);
    const __m256i all = _mm256_set1_epi32(four);
    return {_mm256_and_si256(all, _mm256_set1_epi16(0xFF)), _mm256_srli_epi16(all, 8)};
  }
  static void add(Sums& sums, const Number& x, const Filter& w) {
    const __m256i low = _mm256_add_epi32(_mm256_madd_epi16(x.even, w.low_even), _mm256_madd_epi16(x.odd, w.low_odd));
    const __m256i high = _mm256_add_epi32(_mm256_madd_epi16(x.even, w.high_even), _mm256_madd_epi16(x.odd, w.high_odd));
    sums = {_mm256_add_epi32(sums.low, low), _mm256_add_epi32(sums.high, high)};
  }

  static Sums load_sums(const std::byte* from) { return {load_half(from), load_half(from + kStripBytes / 2)}; }
  static void store_sums(std::byte* to, const Sums& sums) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), sums.low);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + kStripBytes / 2), sums.high);
  }

  static Sums weights(const std::byte* from) { return load_sums(from); }
  static Sums channels(const std::byte* from, int64_t count) {
    uint8_t bytes[kStrip] = {};
    copy_numbers(reinterpret_cast<const uint8_t*>(from), count, bytes);
    return {_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes))),
            _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(bytes + kStrip / 2)))};
  }
  /// The upper halves of what channels() gives are zero.
  static void add_channels(Sums& sums, const Sums& numbers, const Sums& weights) {
    sums = {_mm256_add_epi32(sums.low, _mm256_madd_epi16(numbers.low, weights.low)),
            _mm256_add_epi32(sums.high, _mm256_madd_epi16(numbers.high, weights.high))};
  }

  struct Ending : StripEnding {
    using StripEnding::StripEnding;

    void store(int64_t place, const Sums& sums) const {
      const auto* bytes = reinterpret_cast<const std::byte*>(terms);
      __m256i low = _mm256_add_epi32(sums.low, load_half(bytes));
      __m256i high = _mm256_add_epi32(sums.high, load_half(bytes + kStripBytes / 2));
      if (!to.sums) {
        low = coded(low, _mm256_loadu_ps(scales), *to.end);
        high = coded(high, _mm256_loadu_ps(scales + kStrip / 2), *to.end);
      }
      int32_t results[kStrip];
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(results), low);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(results + kStrip / 2), high);
      store_results(place, results);
    }
  };
};

}  // namespace

const PlaceProducts kPlaceProductsAvx2 = {multiply_places<FloatArithmetic>,
                                          multiply_places<ByteArithmetic>,
                                          filter_channels<FloatArithmetic>,
                                          filter_channels<ByteArithmetic>,
                                          dot_places,
                                          {transform_tiles, finish_tiles}};

}  // namespace adze::ops
