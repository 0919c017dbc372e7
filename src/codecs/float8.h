// 8-bit floats. e4m3: 4 exponent bits (bias 7), 3 of mantissa, no infinities, 0x7F is NaN, up to 448. e5m2: as IEEE
// 754 would have it, up to 57344. e8m0: 2^(e - 127), 0xFF is NaN.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace adze::codecs {

/// A float with one sign bit, `kMantissa` bits of mantissa and the rest for the exponent, as the pattern says it.
template <int kMantissa>
float small_float(uint8_t bits) {
  constexpr int kExponentBits = 7 - kMantissa;
  constexpr int kBias = (1 << (kExponentBits - 1)) - 1;
  const int exponent = (bits & 0x7F) >> kMantissa;
  const auto mantissa = static_cast<float>(bits & ((1 << kMantissa) - 1));
  constexpr float kUnit = 1.0f / (1 << kMantissa);
  const float magnitude =
      exponent == 0 ? std::ldexp(mantissa * kUnit, 1 - kBias) : std::ldexp(1.0f + mantissa * kUnit, exponent - kBias);
  return bits & 0x80 ? -magnitude : magnitude;
}

inline float e4m3_to_f32(uint8_t bits) {
  return (bits & 0x7F) == 0x7F ? std::numeric_limits<float>::quiet_NaN() : small_float<3>(bits);
}

inline float e5m2_to_f32(uint8_t bits) {
  if ((bits & 0x7C) != 0x7C) return small_float<2>(bits);
  if (bits & 3) return std::numeric_limits<float>::quiet_NaN();
  return bits & 0x80 ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
}

/// The nearest of the finite patterns up to `kLargest`, ties to even; larger magnitudes become the largest.
/// REQUIRES: not NaN.
template <int kMantissa, uint8_t kLargest>
uint8_t nearest_small_float(float value) {
  const uint8_t sign = std::signbit(value) ? 0x80 : 0;
  const float magnitude = std::fabs(value);
  const float largest = small_float<kMantissa>(kLargest);
  if (!(magnitude < largest)) return static_cast<uint8_t>(sign | kLargest);
  constexpr int kBias = (1 << (6 - kMantissa)) - 1;
  // The step between neighbours: that of the smallest normal numbers below them.
  const int exponent = std::max(static_cast<int>(std::bit_cast<uint32_t>(magnitude) >> 23) - 127, 1 - kBias);
  const auto steps = static_cast<int>(std::nearbyint(std::ldexp(magnitude, kMantissa - exponent)));
  // Neighbouring patterns are neighbouring numbers, so a carry into the exponent is right.
  return static_cast<uint8_t>(sign | (((exponent + kBias - 1) << kMantissa) + steps));
}

inline uint8_t nearest_e4m3(float value) { return nearest_small_float<3, 0x7E>(value); }
inline uint8_t nearest_e5m2(float value) { return nearest_small_float<2, 0x7B>(value); }

inline float e8m0_to_f32(uint8_t bits) {
  if (bits == 0xFF) return std::numeric_limits<float>::quiet_NaN();
  return std::ldexp(1.0f, bits - 127);
}

}  // namespace adze::codecs
