// Sixteen floats as one value, on NEON: four registers. lanes_avx512.h has the same operations.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace adze::ops {
namespace {

struct Lanes {
  static constexpr int kCount = 16;
  static constexpr int kRegisters = 4;  // of the processor that a value takes
  float32x4_t v[kRegisters];
};

inline Lanes load(const float* from) {
  return {{vld1q_f32(from), vld1q_f32(from + 4), vld1q_f32(from + 8), vld1q_f32(from + 12)}};
}
inline void store(float* to, const Lanes& a) {
  for (int i = 0; i < Lanes::kRegisters; ++i) vst1q_f32(to + 4 * i, a.v[i]);
}
/// The first `count` numbers, zeros behind them.
inline Lanes load_part(const float* from, int64_t count) {
  if (count >= Lanes::kCount) return load(from);
  float whole[Lanes::kCount] = {};
  for (int64_t i = 0; i < count; ++i) whole[i] = from[i];
  return load(whole);
}
inline void store_part(float* to, int64_t count, const Lanes& a) {
  if (count >= Lanes::kCount) return store(to, a);
  float whole[Lanes::kCount];
  store(whole, a);
  for (int64_t i = 0; i < count; ++i) to[i] = whole[i];
}
/// Stops GCC from loading a value again for each use.
inline void keep_in_register(Lanes& a) { asm("" : "+w"(a.v[0]), "+w"(a.v[1]), "+w"(a.v[2]), "+w"(a.v[3])); }
inline Lanes splat(float a) {
  const float32x4_t all = vdupq_n_f32(a);
  return {{all, all, all, all}};
}

/// `operation` on the registers of a and b, one after the other.
template <typename Operation>
inline __attribute__((always_inline)) Lanes each(const Lanes& a, const Lanes& b, const Operation& operation) {
  return {{operation(a.v[0], b.v[0]), operation(a.v[1], b.v[1]), operation(a.v[2], b.v[2]), operation(a.v[3], b.v[3])}};
}
inline float32x4_t larger(float32x4_t a, float32x4_t b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
inline float32x4_t smaller(float32x4_t a, float32x4_t b) { return vbslq_f32(vcltq_f32(a, b), a, b); }

inline Lanes operator+(const Lanes& a, const Lanes& b) {
  return each(a, b, [](float32x4_t x, float32x4_t y) { return vaddq_f32(x, y); });
}
inline Lanes operator-(const Lanes& a, const Lanes& b) {
  return each(a, b, [](float32x4_t x, float32x4_t y) { return vsubq_f32(x, y); });
}
inline Lanes operator*(const Lanes& a, const Lanes& b) {
  return each(a, b, [](float32x4_t x, float32x4_t y) { return vmulq_f32(x, y); });
}
inline Lanes operator/(const Lanes& a, const Lanes& b) {
  return each(a, b, [](float32x4_t x, float32x4_t y) { return vdivq_f32(x, y); });
}
/// a * b + c, rounded once.
inline Lanes multiply_add(const Lanes& a, const Lanes& b, const Lanes& c) {
  return {{vfmaq_f32(c.v[0], a.v[0], b.v[0]), vfmaq_f32(c.v[1], a.v[1], b.v[1]), vfmaq_f32(c.v[2], a.v[2], b.v[2]),
           vfmaq_f32(c.v[3], a.v[3], b.v[3])}};
}
/// The larger or smaller; b where one is NaN.
inline Lanes larger(const Lanes& a, const Lanes& b) {
  return each(a, b, [](float32x4_t x, float32x4_t y) { return larger(x, y); });
}
inline Lanes smaller(const Lanes& a, const Lanes& b) {
  return each(a, b, [](float32x4_t x, float32x4_t y) { return smaller(x, y); });
}
/// The nearest integer, ties to even.
inline Lanes nearest(const Lanes& a) {
  return {{vrndnq_f32(a.v[0]), vrndnq_f32(a.v[1]), vrndnq_f32(a.v[2]), vrndnq_f32(a.v[3])}};
}

inline float32x4_t power_of_two(int32x4_t n) {
  return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}
// In three steps, of which only the last can leave the normal range: rounded once.
inline float32x4_t times_power_of_two(float32x4_t a, float32x4_t n) {
  const int32x4_t all = vcvtnq_s32_f32(n);
  const int32x4_t third = vshrq_n_s32(all, 2);
  const int32x4_t rest = vsubq_s32(all, vaddq_s32(third, third));
  const float32x4_t factor = power_of_two(third);
  return vmulq_f32(vmulq_f32(vmulq_f32(a, factor), factor), power_of_two(rest));
}
/// a * 2^n for integers n within -300 .. 200 where a * 2^(n / 2) is normal, rounded once.
inline Lanes times_power_of_two(const Lanes& a, const Lanes& n) {
  return each(a, n, [](float32x4_t x, float32x4_t y) { return times_power_of_two(x, y); });
}

/// a * 2^n for integers n <= 127; where n < -126 it may be 0.
inline Lanes times_normal_power_of_two(const Lanes& a, const Lanes& n) {
  return each(a, n, [](float32x4_t x, float32x4_t power) {
    const int32x4_t all = vcvtnq_s32_f32(power);
    const uint32x4_t normal = vcgtq_s32(all, vdupq_n_s32(-127));
    const uint32x4_t factor = vandq_u32(vreinterpretq_u32_f32(power_of_two(all)), normal);
    return vmulq_f32(x, vreinterpretq_f32_u32(factor));
  });
}

/// Sum and maximum of all lanes: halves are folded together until one is left.
inline float lane_sum(const Lanes& a) {
  const float32x4_t four = vaddq_f32(vaddq_f32(a.v[0], a.v[2]), vaddq_f32(a.v[1], a.v[3]));
  const float32x2_t two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
inline float lane_maximum(const Lanes& a) {
  const float32x4_t four = larger(larger(a.v[0], a.v[2]), larger(a.v[1], a.v[3]));
  const float32x4_t two = larger(four, vextq_f32(four, four, 2));
  return vgetq_lane_f32(larger(two, vdupq_laneq_f32(two, 1)), 0);
}

inline float32x4_t within(float32x4_t a, int first, int begin, int end, float32x4_t other) {
  constexpr int32_t kLane[4] = {0, 1, 2, 3};
  const int32x4_t lane = vaddq_s32(vld1q_s32(kLane), vdupq_n_s32(first));
  const uint32x4_t inside = vandq_u32(vcgeq_s32(lane, vdupq_n_s32(begin)), vcltq_s32(lane, vdupq_n_s32(end)));
  return vbslq_f32(inside, a, other);
}
/// a in the lanes [begin, end), other elsewhere.
inline Lanes within(const Lanes& a, int begin, int end, const Lanes& other) {
  return {{within(a.v[0], 0, begin, end, other.v[0]), within(a.v[1], 4, begin, end, other.v[1]),
           within(a.v[2], 8, begin, end, other.v[2]), within(a.v[3], 12, begin, end, other.v[3])}};
}

inline Lanes load_float_bytes(const uint8_t* from) {
  Lanes a;
  for (int i = 0; i < Lanes::kRegisters; ++i) a.v[i] = vreinterpretq_f32_u8(vld1q_u8(from + 16 * i));
  return a;
}
inline Lanes load_f16(const uint8_t* from) {
  Lanes a;
  for (int i = 0; i < Lanes::kRegisters; ++i) a.v[i] = vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(from + 8 * i)));
  return a;
}
inline Lanes widen_codes(int8x16_t codes) {
  const int16x8_t low = vmovl_s8(vget_low_s8(codes)), high = vmovl_high_s8(codes);
  return {{vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))), vcvtq_f32_s32(vmovl_high_s16(low)),
           vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))), vcvtq_f32_s32(vmovl_high_s16(high))}};
}
/// Sixteen int8.
inline Lanes load_codes(const uint8_t* from) { return widen_codes(vreinterpretq_s8_u8(vld1q_u8(from))); }
/// The low or high four bits of sixteen bytes, minus 8.
inline Lanes load_low_nibbles(const uint8_t* from) {
  const uint8x16_t nibbles = vandq_u8(vld1q_u8(from), vdupq_n_u8(15));
  return widen_codes(vsubq_s8(vreinterpretq_s8_u8(nibbles), vdupq_n_s8(8)));
}
inline Lanes load_high_nibbles(const uint8_t* from) {
  const uint8x16_t nibbles = vshrq_n_u8(vld1q_u8(from), 4);
  return widen_codes(vsubq_s8(vreinterpretq_s8_u8(nibbles), vdupq_n_s8(8)));
}
inline void store_f16(uint8_t* to, const Lanes& a) {
  for (int i = 0; i < Lanes::kRegisters; ++i) vst1_u8(to + 8 * i, vreinterpret_u8_f16(vcvt_f16_f32(a.v[i])));
}

/// Numbers that lie in turns: first, second, first, second …
struct Pairs {
  Lanes first, second;
};
inline Pairs load_pairs(const float* from) {
  Pairs pairs;
  for (int i = 0; i < Lanes::kRegisters; ++i) {
    const float32x4x2_t both = vld2q_f32(from + 8 * i);
    pairs.first.v[i] = both.val[0];
    pairs.second.v[i] = both.val[1];
  }
  return pairs;
}
inline void store_pairs(float* to, const Pairs& pairs) {
  for (int i = 0; i < Lanes::kRegisters; ++i) {
    vst2q_f32(to + 8 * i, float32x4x2_t{{pairs.first.v[i], pairs.second.v[i]}});
  }
}

}  // namespace
}  // namespace adze::ops
