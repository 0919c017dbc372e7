// byte_products.h as plain loops, which the compiler makes vectors of an instruction set of: included by one file for
// each.
#pragma once

#include <cstdint>

#include "ops/standard/byte_products.h"

namespace adze::ops {
namespace {

inline float within(float x, float least, float most) { return x < least ? least : x > most ? most : x; }

/// Adding it rounds numbers below 2^22 to whole ones, ties to even.
constexpr float kRounder = 0x1.8p23f;

inline void widen_bytes_row(const uint8_t* from, int64_t count, bool is_signed, int32_t zero, float* to) {
  if (is_signed) {
    const auto* numbers = reinterpret_cast<const int8_t*>(from);
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(numbers[i] - zero);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i] - zero);
  }
}

inline void whole_numbers_row(const float* from, int64_t count, int32_t term, int32_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int32_t>(from[i]) + term;
}

inline void codes_of_sums_row(const float* from, int64_t count, const ByteCoding& coding, uint8_t* to) {
  // Copies, because bytes that are stored could be those of `coding`.
  const float term = coding.term, scale = coding.scale;
  const int32_t shift = coding.zero;
  const auto zero = static_cast<float>(coding.zero);
  const float least = static_cast<float>(coding.least) - zero, most = static_cast<float>(coding.most) - zero;
  for (int64_t i = 0; i < count; ++i) {
    const float scaled = within((from[i] + term) * scale, least, most);
    const float rounded = (scaled + kRounder) - kRounder;
    to[i] = static_cast<uint8_t>(static_cast<int32_t>(rounded) + shift);
  }
}

inline void codes_of_quotients_row(const float* x, int64_t count, float scale, const ByteCoding& coding, uint8_t* to) {
  const int32_t shift = coding.zero;
  const auto zero = static_cast<float>(coding.zero);
  const float least = static_cast<float>(coding.least) - zero, most = static_cast<float>(coding.most) - zero;
  for (int64_t i = 0; i < count; ++i) {
    const float quotient = x[i] / scale, number = quotient == quotient ? quotient : 0.0f;
    const float kept = within(number, least, most);
    to[i] = static_cast<uint8_t>(static_cast<int32_t>((kept + kRounder) - kRounder) + shift);
  }
}

inline void scaled_bytes_row(const uint8_t* from, int64_t count, const ByteScaling& scaling, float* to) {
  widen_bytes_row(from, count, scaling.is_signed, scaling.zero, to);
  for (int64_t i = 0; i < count; ++i) to[i] *= scaling.scale;
}

inline void add_bytes_row(const ByteSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to) {
  constexpr int64_t kAtOnce = 256;
  float left[kAtOnce], right[kAtOnce];
  for (int64_t first = 0; first < count; first += kAtOnce) {
    const int64_t length = count - first < kAtOnce ? count - first : kAtOnce;
    scaled_bytes_row(a + first, length, sum.a, left);
    scaled_bytes_row(b + first * sum.b_step, sum.b_step == 0 ? 1 : length, sum.b, right);
    for (int64_t i = 1; sum.b_step == 0 && i < length; ++i) right[i] = right[0];
    for (int64_t i = 0; i < length; ++i) left[i] += right[i];
    codes_of_sums_row(left, length, sum.coding, to + first);
  }
}

constexpr ByteProducts kLoops = {widen_bytes_row,        whole_numbers_row, codes_of_sums_row,
                                 codes_of_quotients_row, scaled_bytes_row,  add_bytes_row};

}  // namespace
}  // namespace adze::ops
