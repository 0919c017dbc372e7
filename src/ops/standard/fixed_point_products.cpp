#include "ops/standard/fixed_point_products.h"

#include <algorithm>
#include <cmath>

#include "base/cpu_features.h"

namespace adze::ops {
namespace {

constexpr int kFactorBits = 20;  // of the larger one, which has its highest bit there

AddBytesFixed add_bytes_of_isa() {
  if constexpr (kIsX86) {
    if (isa_includes(active_isa(), Isa::avx512)) return kAddBytesFixedAvx512;
    if (isa_includes(active_isa(), Isa::avx2)) return kAddBytesFixedAvx2;
  }
  return kAddBytesFixedPortable;
}

}  // namespace

bool set_factors(FixedPointSum& sum, float a_ratio, float b_ratio, int32_t a_zero, int32_t b_zero) {
  const float largest = std::max(std::fabs(a_ratio), std::fabs(b_ratio));
  if (!(largest >= 0x1p-10f && largest < 0x1p8f) || std::isnan(b_ratio)) return false;
  sum.shift = kFactorBits - std::ilogb(largest);
  const auto factor = [&](float ratio) {
    return static_cast<int32_t>(std::nearbyint(std::ldexp(static_cast<double>(ratio), sum.shift)));
  };
  sum.a_factor = factor(a_ratio);
  sum.b_factor = factor(b_ratio);
  sum.term = (1 << (sum.shift - 1)) - sum.a_factor * a_zero - sum.b_factor * b_zero;
  return true;
}

void add_bytes_fixed(const FixedPointSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to) {
  add_bytes_of_isa()(sum, a, b, count, to);
}

}  // namespace adze::ops
