// Bytes of channels that have an output of their own, 64 at a time; included behind byte_places_avx512.h. Four taps are
// brought together for each channel, so that one instruction multiplies them: unpacking leaves sums in an order that
// packing undoes.
#pragma once

#include "ops/standard/byte_places_avx512.h"

namespace adze::ops {
namespace {

constexpr int64_t kChannelBlock = 64;
/// Taps that are brought together, and the most groups of them whose filters stay in the registers.
constexpr int kJoinedTaps = 4, kMostGroups = 3;
/// Channels left over that are worth a block with empty ones.
constexpr int64_t kWorthBlock = 48;

/// Bytes of four taps: numbers (l, i) of vector j belong to channel 16 l + 4 j + i.
struct JoinedBytes {
  __m512i parts[4];
};

inline JoinedBytes join_taps(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i low = _mm512_unpacklo_epi8(a, b), high = _mm512_unpackhi_epi8(a, b);
  const __m512i other_low = _mm512_unpacklo_epi8(c, d), other_high = _mm512_unpackhi_epi8(c, d);
  return {{_mm512_unpacklo_epi16(low, other_low), _mm512_unpackhi_epi16(low, other_low),
           _mm512_unpacklo_epi16(high, other_high), _mm512_unpackhi_epi16(high, other_high)}};
}

/// 64 numbers of four bytes in the same order; those of channels that do not exist are 0.
inline JoinedBytes joined_numbers(const void* from, int64_t count) {
  __m512i lines[4];
  for (int l = 0; l < 4; ++l) {
    const int64_t left = count - l * kStrip;
    lines[l] = _mm512_maskz_loadu_epi32(left > 0 ? first_of(left) : __mmask16{0},
                                        static_cast<const int32_t*>(from) + l * kStrip);
  }
  const __m512i a = _mm512_shuffle_i32x4(lines[0], lines[1], 0x44), b = _mm512_shuffle_i32x4(lines[2], lines[3], 0x44);
  const __m512i c = _mm512_shuffle_i32x4(lines[0], lines[1], 0xEE), d = _mm512_shuffle_i32x4(lines[2], lines[3], 0xEE);
  return {{_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD), _mm512_shuffle_i32x4(c, d, 0x88),
           _mm512_shuffle_i32x4(c, d, 0xDD)}};
}

/// What is done with the sums of a block.
class BlockCoding {
 public:
  BlockCoding(const IntegerEnd& end, int64_t channel, int64_t count)
      : terms_(joined_numbers(end.column_terms + channel, count)),
        scales_(joined_numbers(end.column_scales + channel, count)),
        zero_(_mm512_set1_epi16(static_cast<int16_t>(end.zero))),
        least_(_mm512_set1_ps(static_cast<float>(end.least - end.zero))),
        most_(_mm512_set1_ps(static_cast<float>(end.most - end.zero))) {}

  __m512i first_sums(int j) const { return terms_.parts[j]; }

  [[gnu::always_inline]] __m512i codes(const JoinedBytes& sums) const {
    const __m512i low = _mm512_packs_epi32(rounded(sums, 0), rounded(sums, 1));
    const __m512i high = _mm512_packs_epi32(rounded(sums, 2), rounded(sums, 3));
    const __m512i byte = _mm512_set1_epi16(0xFF);
    return _mm512_packus_epi16(_mm512_and_si512(_mm512_add_epi16(low, zero_), byte),
                               _mm512_and_si512(_mm512_add_epi16(high, zero_), byte));
  }

 private:
  // As SumCoding does.
  [[gnu::always_inline]] __m512i rounded(const JoinedBytes& sums, int j) const {
    const __m512 scaled = _mm512_mul_ps(_mm512_cvtepi32_ps(sums.parts[j]), _mm512_castsi512_ps(scales_.parts[j]));
    return _mm512_cvtps_epi32(_mm512_max_ps(_mm512_min_ps(scaled, most_), least_));
  }

  JoinedBytes terms_, scales_;
  __m512i zero_;
  __m512 least_, most_;
};

/// A block of channels at all places.
template <int kGroups>
class ChannelBlock {
 public:
  ChannelBlock(const ChannelWork& work, const BytePlaces& to, int64_t channel)
      : work_(work), to_(to), channel_(channel), coding_(*to.end, channel, count()) {
    for (int group = 0; group < kGroups; ++group) {
      const int64_t tap = group * kJoinedTaps;
      filters_[group] = join_taps(filter(tap), filter(tap + 1), filter(tap + 2), filter(tap + 3));
    }
  }

  void run() const {
    const __mmask64 mask = count() == kChannelBlock ? ~__mmask64{0} : (__mmask64{1} << count()) - 1;
    for (int64_t place = 0; place < work_.table.places; ++place) {
      const std::byte* const* pixels = work_.table.tile(place);
      JoinedBytes sums;
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) sums.parts[j] = coding_.first_sums(j);
#pragma GCC unroll 3
      for (int group = 0; group < kGroups; ++group) {
        const int64_t tap = group * kJoinedTaps;
        const JoinedBytes joined = join_taps(numbers(pixels, tap, mask), numbers(pixels, tap + 1, mask),
                                             numbers(pixels, tap + 2, mask), numbers(pixels, tap + 3, mask));
#pragma GCC unroll 4
        for (int j = 0; j < 4; ++j) ByteArithmetic::add(sums.parts[j], joined.parts[j], filters_[group].parts[j]);
      }
      _mm512_mask_storeu_epi8(to_.codes + place * to_.out_step + channel_, mask, coding_.codes(sums));
    }
  }

 private:
  int64_t count() const {
    const int64_t left = work_.channels - channel_;
    return left < kChannelBlock ? left : kChannelBlock;
  }

  /// Of 64 channels as bytes; zeros for a tap that does not exist.
  __m512i filter(int64_t tap) const {
    if (tap >= work_.table.taps) return _mm512_setzero_si512();
    const int64_t row = (work_.channels + kStrip - 1) / kStrip * kStrip;
    const auto* from = reinterpret_cast<const int32_t*>(work_.filters) + tap * row + channel_;
    alignas(64) int8_t bytes[kChannelBlock];
    for (int64_t i = 0; i < kChannelBlock; ++i) bytes[i] = i < count() ? static_cast<int8_t>(from[i]) : int8_t{0};
    return _mm512_load_si512(bytes);
  }

  /// A tap that does not exist reads the first again, for filters that are 0.
  [[gnu::always_inline]] __m512i numbers(const std::byte* const* pixels, int64_t tap, __mmask64 mask) const {
    const std::byte* from = pixels[(tap < work_.table.taps ? tap : 0) * kTilePlaces] + channel_;
    return _mm512_maskz_loadu_epi8(mask, from);
  }

  const ChannelWork& work_;
  const BytePlaces& to_;
  int64_t channel_;
  BlockCoding coding_;
  JoinedBytes filters_[kGroups];
};

void filter_byte_channels(const ChannelWork& work, const BytePlaces& to) {
  const int64_t groups = (work.table.taps + kJoinedTaps - 1) / kJoinedTaps;
  int64_t channel = 0;
  if (to.codes && to.end->column_terms && groups <= kMostGroups) {
    for (; work.channels - channel >= kWorthBlock; channel += kChannelBlock) {
      if (groups == 3) {
        ChannelBlock<3>(work, to, channel).run();
      } else if (groups == 2) {
        ChannelBlock<2>(work, to, channel).run();
      } else {
        ChannelBlock<1>(work, to, channel).run();
      }
    }
  }
  if (channel < work.channels) filter_strips<ByteArithmetic>(work, to, channel / kStrip);
}

}  // namespace
}  // namespace adze::ops
