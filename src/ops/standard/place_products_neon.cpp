// Convolutions whose channels come last on NEON: bytes as 16-bit numbers.
#include <cstring>

// clang-format off: the operations come first
#include "ops/lanes_neon.h"
#include "ops/standard/float_products_lanes.h"
#include "ops/standard/float_places_lanes.h"
#include "ops/standard/dot_places_lanes.h"
#include "ops/standard/winograd_lanes.h"
// clang-format on

namespace adze::ops {
namespace {

struct ByteArithmetic {
  struct Sums {
    int32x4_t parts[4];
  };
  struct Filter {
    int8x16_t parts[4];
  };
  using Number = int16x4_t;
  using Destination = BytePlaces;
  static constexpr int kPlaces = 4, kStrips = 1;
  static constexpr int64_t kChannelBytes = 1;

  static Sums none() { return {{vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0), vdupq_n_s32(0)}}; }
  static Filter filter(const std::byte* from) {
    const auto* bytes = reinterpret_cast<const int8_t*>(from);
    return {{vld1q_s8(bytes), vld1q_s8(bytes + 16), vld1q_s8(bytes + 32), vld1q_s8(bytes + 48)}};
  }
  static Number number(const std::byte* from) {
    uint32_t four;
    std::memcpy(&four, from, sizeof four);
    return vreinterpret_s16_u16(vget_low_u16(vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(four)))));
  }
  /// Four outputs, whose four numbers stand together.
  static int32x4_t products(int8x16_t filters, Number number) {
    const int16x8_t low = vmovl_s8(vget_low_s8(filters)), high = vmovl_s8(vget_high_s8(filters));
    const int32x4_t first = vpaddq_s32(vmull_s16(vget_low_s16(low), number), vmull_s16(vget_high_s16(low), number));
    const int32x4_t last = vpaddq_s32(vmull_s16(vget_low_s16(high), number), vmull_s16(vget_high_s16(high), number));
    return vpaddq_s32(first, last);
  }
  static void add(Sums& sums, Number number, const Filter& filter) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sums.parts[i] = vaddq_s32(sums.parts[i], products(filter.parts[i], number));
  }

  static Sums load_sums(const std::byte* from) {
    const auto* numbers = reinterpret_cast<const int32_t*>(from);
    return {{vld1q_s32(numbers), vld1q_s32(numbers + 4), vld1q_s32(numbers + 8), vld1q_s32(numbers + 12)}};
  }
  static void store_sums(std::byte* to, const Sums& sums) {
    auto* numbers = reinterpret_cast<int32_t*>(to);
    for (int i = 0; i < 4; ++i) vst1q_s32(numbers + 4 * i, sums.parts[i]);
  }

  static Sums weights(const std::byte* from) { return load_sums(from); }
  static Sums channels(const std::byte* from, int64_t count) {
    uint8_t room[kStrip] = {};
    copy_numbers(reinterpret_cast<const uint8_t*>(from), count, room);
    const uint8x16_t bytes = vld1q_u8(room);
    const uint16x8_t low = vmovl_u8(vget_low_u8(bytes)), high = vmovl_u8(vget_high_u8(bytes));
    const auto widened = [](uint16x4_t four) { return vreinterpretq_s32_u32(vmovl_u16(four)); };
    return {{widened(vget_low_u16(low)), widened(vget_high_u16(low)), widened(vget_low_u16(high)),
             widened(vget_high_u16(high))}};
  }
  static void add_channels(Sums& sums, const Sums& numbers, const Sums& weights) {
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) sums.parts[i] = vmlaq_s32(sums.parts[i], numbers.parts[i], weights.parts[i]);
  }

  static int32x4_t coded(int32x4_t sums, float32x4_t scales, const IntegerEnd& end) {
    // Within what i32 holds, and far outside of any code.
    const float32x4_t limit = vdupq_n_f32(1 << 24), scaled = vmulq_f32(vcvtq_f32_s32(sums), scales);
    const float32x4_t kept = vmaxq_f32(vminq_f32(scaled, limit), vnegq_f32(limit));
    const int32x4_t codes = vaddq_s32(vcvtnq_s32_f32(kept), vdupq_n_s32(end.zero));
    return vminq_s32(vmaxq_s32(codes, vdupq_n_s32(end.least)), vdupq_n_s32(end.most));
  }

  struct Ending : StripEnding {
    using StripEnding::StripEnding;

    void store(int64_t place, const Sums& sums) const {
      int32_t results[kStrip];
      for (int i = 0; i < 4; ++i) {
        const int32x4_t part = vaddq_s32(sums.parts[i], vld1q_s32(terms + 4 * i));
        vst1q_s32(results + 4 * i, to.sums ? part : coded(part, vld1q_f32(scales + 4 * i), *to.end));
      }
      store_results(place, results);
    }
  };
};

}  // namespace

const PlaceProducts kPlaceProductsNeon = {multiply_places<FloatArithmetic>,
                                          multiply_places<ByteArithmetic>,
                                          filter_channels<FloatArithmetic>,
                                          filter_channels<ByteArithmetic>,
                                          dot_places,
                                          {transform_tiles, finish_tiles}};

}  // namespace adze::ops
