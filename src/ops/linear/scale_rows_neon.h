// Scales of sixteen rows as floats and levels of their codes, on NEON. scale_rows_avx512.h has the same operations.
#pragma once

#include <arm_neon.h>

#include <cstdint>

namespace adze::ops {
namespace {

struct ScaleRows {
  /// The scale of a part as SuperBlockScales has it.
  static int32_t scale_word(int8_t scale) { return scale; }
  /// Sixteen f16 as floats.
  static void widen(const uint8_t* halves, float* out) {
    for (int r = 0; r < 16; r += 4) {
      vst1q_f32(out + r, vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(halves + 2 * r))));
    }
  }
  /// out = scale * bytes, as int8.
  static void times_bytes(const float* scale, const uint8_t* bytes, float* out) {
    times(scale, vreinterpretq_s8_u8(vld1q_u8(bytes)), out);
  }
  /// out = scale * the nibbles at bit 0 or 4 of the bytes.
  static void times_nibbles(const float* scale, const uint8_t* bytes, int at, float* out) {
    const uint8x16_t moved = vshlq_u8(vld1q_u8(bytes), vdupq_n_s8(static_cast<int8_t>(-at)));
    times(scale, vreinterpretq_s8_u8(vandq_u8(moved, vdupq_n_u8(15))), out);
  }

 private:
  static void times(const float* scale, int8x16_t bytes, float* out) {
    times_half(scale, vmovl_s8(vget_low_s8(bytes)), out);
    times_half(scale + 8, vmovl_high_s8(bytes), out + 8);
  }
  static void times_half(const float* scale, int16x8_t numbers, float* out) {
    const float32x4_t low = vcvtq_f32_s32(vmovl_s16(vget_low_s16(numbers)));
    const float32x4_t high = vcvtq_f32_s32(vmovl_high_s16(numbers));
    vst1q_f32(out, vmulq_f32(vld1q_f32(scale), low));
    vst1q_f32(out + 4, vmulq_f32(vld1q_f32(scale + 4), high));
  }
};

struct LevelRows {
  /// Replaces the 64 codes of a quad, below 16 each, by the bytes that `of_code` has for them.
  static void look_up(const uint8_t* of_code, uint8_t* quad) {
    const uint8x16_t table = vld1q_u8(of_code);
    for (int at = 0; at < 64; at += 16) vst1q_u8(quad + at, vqtbl1q_u8(table, vld1q_u8(quad + at)));
  }
};

}  // namespace
}  // namespace adze::ops
