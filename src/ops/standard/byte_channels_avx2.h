// Bytes of channels that have an output of their own, sixteen at a time; included behind byte_places_avx2.h. Two taps
// are brought together for each channel, so that one instruction multiplies them.
#pragma once

#include "ops/standard/byte_places_avx2.h"

namespace adze::ops {
namespace {

constexpr int kPlacesOfStrip = 4;

/// A strip of channels at all places.
class ChannelStrip {
 public:
  ChannelStrip(const ChannelWork& work, const BytePlaces& to, int64_t channel)
      : work_(work), channel_(channel), ending_(to, channel, work.channels - channel) {}

  void run() const {
    const int64_t places = work_.table.places;
    int64_t place = 0;
    if (work_.channels - channel_ >= kStrip) {
      for (; place + kPlacesOfStrip <= places; place += kPlacesOfStrip) filter<kPlacesOfStrip, true>(place);
      for (; place < places; ++place) filter<1, true>(place);
    }
    for (; place < places; ++place) filter<1, false>(place);
  }

 private:
  template <int kPlaces, bool kWhole>
  [[gnu::always_inline]] void filter(int64_t place) const {
    ByteSums sums[kPlaces];
    for (ByteSums& sum : sums) sum = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    const int64_t row_bytes = (work_.channels + kStrip - 1) / kStrip * kStripBytes;
    const std::byte* filters = work_.filters + channel_ * kStepBytes;
    const std::byte* const* pixels = work_.table.tile(place);
    for (int64_t tap = 0; tap < work_.table.taps; tap += 2, pixels += 2 * kTilePlaces, filters += row_bytes) {
      const ByteSums weights{load_half(filters), load_half(filters + kStripBytes / 2)};
      // A tap that does not exist reads the one before again, for filters that are 0.
      const int64_t next = tap + 1 < work_.table.taps ? kTilePlaces : 0;
#pragma GCC unroll 4
      for (int i = 0; i < kPlaces; ++i) {
        add(sums[i], numbers<kWhole>(pixels[i]), numbers<kWhole>(pixels[next + i]), weights);
      }
    }
    ending_.store_all(place, sums);
  }

  [[gnu::always_inline]] static void add(ByteSums& sums, __m128i first, __m128i second, const ByteSums& weights) {
    const __m256i low = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(first, second));
    const __m256i high = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(first, second));
    sums.low = _mm256_add_epi32(sums.low, _mm256_madd_epi16(low, weights.low));
    sums.high = _mm256_add_epi32(sums.high, _mm256_madd_epi16(high, weights.high));
  }

  template <bool kWhole>
  [[gnu::always_inline]] __m128i numbers(const std::byte* pixel) const {
    const auto* from = reinterpret_cast<const uint8_t*>(pixel) + channel_;
    if constexpr (kWhole) {
      return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    }
    uint8_t bytes[kStrip] = {};
    copy_numbers(from, work_.channels - channel_, bytes);
    return _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes));
  }

  const ChannelWork& work_;
  int64_t channel_;
  ByteEnding ending_;
};

void filter_byte_channels(const ChannelWork& work, const BytePlaces& to) {
  for (int64_t channel = 0; channel < work.channels; channel += kStrip) ChannelStrip(work, to, channel).run();
}

}  // namespace
}  // namespace adze::ops
