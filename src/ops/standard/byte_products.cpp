#include "ops/standard/byte_products.h"

#include <algorithm>

namespace adze::ops {
namespace {

/// Adding it rounds numbers below 2^22 to whole ones, ties to even.
constexpr float kRounder = 0x1.8p23f;

}  // namespace

void widen_bytes(const uint8_t* from, int64_t count, bool is_signed, int32_t zero, float* to) {
  if (is_signed) {
    const auto* numbers = reinterpret_cast<const int8_t*>(from);
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(numbers[i] - zero);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(from[i] - zero);
  }
}

void whole_numbers(const float* from, int64_t count, int32_t term, int32_t* to) {
  for (int64_t i = 0; i < count; ++i) to[i] = static_cast<int32_t>(from[i]) + term;
}

void codes_of_sums(const float* from, int64_t count, const ByteCoding& coding, uint8_t* to) {
  const auto zero = static_cast<float>(coding.zero);
  const float least = static_cast<float>(coding.least) - zero, most = static_cast<float>(coding.most) - zero;
  for (int64_t i = 0; i < count; ++i) {
    const float scaled = std::min(std::max((from[i] + coding.term) * coding.scale, least), most);
    const float rounded = (scaled + kRounder) - kRounder;
    to[i] = static_cast<uint8_t>(static_cast<int32_t>(rounded) + coding.zero);
  }
}

void codes_of_quotients(const float* x, int64_t count, float scale, const ByteCoding& coding, uint8_t* to) {
  const auto zero = static_cast<float>(coding.zero);
  const float least = static_cast<float>(coding.least) - zero, most = static_cast<float>(coding.most) - zero;
  for (int64_t i = 0; i < count; ++i) {
    const float quotient = x[i] / scale, number = quotient == quotient ? quotient : 0.0f;
    const float kept = std::min(std::max(number, least), most);
    to[i] = static_cast<uint8_t>(static_cast<int32_t>((kept + kRounder) - kRounder) + coding.zero);
  }
}

void scaled_bytes(const uint8_t* from, int64_t count, const ByteScaling& scaling, float* to) {
  widen_bytes(from, count, scaling.is_signed, scaling.zero, to);
  for (int64_t i = 0; i < count; ++i) to[i] *= scaling.scale;
}

void add_bytes(const ByteSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to) {
  constexpr int64_t kAtOnce = 256;
  float left[kAtOnce], right[kAtOnce];
  for (int64_t first = 0; first < count; first += kAtOnce) {
    const int64_t length = std::min(kAtOnce, count - first);
    scaled_bytes(a + first, length, sum.a, left);
    scaled_bytes(b + first * sum.b_step, sum.b_step == 0 ? 1 : length, sum.b, right);
    if (sum.b_step == 0) std::fill_n(right, length, right[0]);
    for (int64_t i = 0; i < length; ++i) left[i] += right[i];
    codes_of_sums(left, length, sum.coding, to + first);
  }
}

}  // namespace adze::ops
