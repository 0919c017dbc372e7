// Scales of sixteen rows as floats and levels of their codes, in plain C++. scale_rows_avx512.h has the same
// operations.
#pragma once

#include <cstdint>

#include "tensor/half.h"

namespace adze::ops {
namespace {

struct ScaleRows {
  /// The scale of a part as SuperBlockScales has it.
  static int32_t scale_word(int8_t scale) { return scale; }
  /// Sixteen f16 as floats.
  static void widen(const uint8_t* halves, float* out) {
    for (int r = 0; r < 16; ++r) {
      out[r] = f16_to_f32(static_cast<uint16_t>(halves[2 * r] | halves[2 * r + 1] << 8));
    }
  }
  /// out = scale * bytes, as int8.
  static void times_bytes(const float* scale, const uint8_t* bytes, float* out) {
    for (int r = 0; r < 16; ++r) out[r] = scale[r] * static_cast<float>(static_cast<int8_t>(bytes[r]));
  }
  /// out = scale * the nibbles at bit 0 or 4 of the bytes.
  static void times_nibbles(const float* scale, const uint8_t* bytes, int at, float* out) {
    for (int r = 0; r < 16; ++r) out[r] = scale[r] * static_cast<float>(bytes[r] >> at & 15);
  }
};

struct LevelRows {
  /// Replaces the 64 codes of a quad, below 16 each, by the bytes that `of_code` has for them.
  static void look_up(const uint8_t* of_code, uint8_t* quad) {
    for (int i = 0; i < 64; ++i) quad[i] = of_code[quad[i]];
  }
};

}  // namespace
}  // namespace adze::ops
