#include "ops/standard/fixed_point_products.h"

#include <algorithm>
#include <cmath>

namespace adze::ops {
namespace {

constexpr int kFactorBits = 20;  // of the larger one, which has its highest bit there

template <typename A, typename B>
void add_row(const FixedPointSum& sum, const A* a, const B* b, int64_t count, uint8_t* to) {
  const FixedPointSum s = sum;  // a copy, because bytes that are stored could be its own
  const int32_t least = s.least - s.zero, most = s.most - s.zero;
  const auto coded = [&](int32_t left, int32_t right) {
    return static_cast<uint8_t>(std::clamp((left + right) >> s.shift, least, most) + s.zero);
  };
  if (s.b_step == 0) {
    const int32_t right = count > 0 ? int32_t{b[0]} * s.b_factor + s.term : 0;
    for (int64_t i = 0; i < count; ++i) to[i] = coded(int32_t{a[i]} * s.a_factor, right);
  } else {
    for (int64_t i = 0; i < count; ++i) to[i] = coded(int32_t{a[i]} * s.a_factor, int32_t{b[i]} * s.b_factor + s.term);
  }
}

template <typename A>
void add_to_row(const FixedPointSum& sum, const A* a, const uint8_t* b, int64_t count, uint8_t* to) {
  if (sum.b_is_signed) return add_row(sum, a, reinterpret_cast<const int8_t*>(b), count, to);
  add_row(sum, a, b, count, to);
}

}  // namespace

std::optional<FixedPointSum> fixed_point_sum(float a_ratio, float b_ratio, int32_t a_zero, int32_t b_zero) {
  const float largest = std::max(std::fabs(a_ratio), std::fabs(b_ratio));
  if (!(largest >= 0x1p-10f && largest < 0x1p8f)) return std::nullopt;
  FixedPointSum sum;
  sum.shift = kFactorBits - std::ilogb(largest);
  const auto factor = [&](float ratio) {
    return static_cast<int32_t>(std::nearbyint(std::ldexp(static_cast<double>(ratio), sum.shift)));
  };
  sum.a_factor = factor(a_ratio);
  sum.b_factor = factor(b_ratio);
  sum.term = (1 << (sum.shift - 1)) - sum.a_factor * a_zero - sum.b_factor * b_zero;
  return sum;
}

void add_bytes_fixed(const FixedPointSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to) {
  if (sum.a_is_signed) return add_to_row(sum, reinterpret_cast<const int8_t*>(a), b, count, to);
  add_to_row(sum, a, b, count, to);
}

}  // namespace adze::ops
