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

}  // namespace adze::ops
