#include "ops/standard/narrow_floats.h"

#include <cmath>
#include <limits>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/float8.h"
#include "tensor/element_types.h"
#include "tensor/half.h"

namespace adze::ops {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

/// A small binary float: `bias` and what its largest patterns mean.
struct SmallFloat {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  enum class Top { finite, nan_at_all_ones, infinities } top;
  bool one_zero;  // the pattern of minus zero is NaN
  int sign_shift() const { return exponent_bits + mantissa_bits; }
};

constexpr SmallFloat kE4M3{4, 3, 7, SmallFloat::Top::nan_at_all_ones, false};
constexpr SmallFloat kE4M3Fnuz{4, 3, 8, SmallFloat::Top::finite, true};
constexpr SmallFloat kE5M2{5, 2, 15, SmallFloat::Top::infinities, false};
constexpr SmallFloat kE5M2Fnuz{5, 2, 16, SmallFloat::Top::finite, true};
constexpr SmallFloat kE2M1{2, 1, 1, SmallFloat::Top::finite, false};

uint8_t nan_pattern(const SmallFloat& f) {
  return static_cast<uint8_t>(f.one_zero ? 1 << f.sign_shift() : (1 << f.sign_shift()) - 1);
}

float decode_small(const SmallFloat& f, uint8_t bits) {
  const int magnitude = bits & ((1 << f.sign_shift()) - 1);
  const bool negative = bits >> f.sign_shift() & 1;
  if (f.one_zero && negative && magnitude == 0) return kNan;
  const int exponent = magnitude >> f.mantissa_bits, top = (1 << f.exponent_bits) - 1;
  const int mantissa = magnitude & ((1 << f.mantissa_bits) - 1);
  if (f.top == SmallFloat::Top::infinities && exponent == top) {
    return mantissa != 0 ? kNan : negative ? -std::numeric_limits<float>::infinity() : HUGE_VALF;
  }
  if (f.top == SmallFloat::Top::nan_at_all_ones && magnitude == (1 << f.sign_shift()) - 1) return kNan;
  const int whole = exponent == 0 ? mantissa : mantissa + (1 << f.mantissa_bits);
  const float value = std::ldexp(static_cast<float>(whole), (exponent == 0 ? 1 : exponent) - f.bias - f.mantissa_bits);
  return negative ? -value : value;
}

/// The largest finite pattern.
int largest_pattern(const SmallFloat& f) {
  const int all = (1 << f.sign_shift()) - 1;
  if (f.top == SmallFloat::Top::infinities) return all - (1 << f.mantissa_bits);
  return f.top == SmallFloat::Top::nan_at_all_ones ? all - 1 : all;
}

uint8_t too_large(const SmallFloat& f, int sign, bool saturate) {
  if (saturate) return static_cast<uint8_t>(sign | largest_pattern(f));
  if (f.top == SmallFloat::Top::infinities) return static_cast<uint8_t>(sign | (largest_pattern(f) + 1));
  return f.one_zero ? nan_pattern(f) : static_cast<uint8_t>(sign | nan_pattern(f));
}

uint8_t encode_small(const SmallFloat& f, float value, bool saturate) {
  const int sign = std::signbit(value) ? 1 << f.sign_shift() : 0;
  if (std::isnan(value)) {
    const bool has_nan = f.one_zero || f.top != SmallFloat::Top::finite;
    return has_nan ? nan_pattern(f) : static_cast<uint8_t>(largest_pattern(f));
  }
  const float magnitude = std::fabs(value);
  if (std::isinf(value)) return too_large(f, sign, saturate);
  int exponent = 0;
  std::frexp(magnitude, &exponent);               // magnitude < 2^exponent
  exponent = std::max(exponent - 1, 1 - f.bias);  // that of the neighbours' step
  const double steps = std::nearbyint(std::ldexp(static_cast<double>(magnitude), f.mantissa_bits - exponent));
  // Neighbouring patterns are neighbouring numbers, so a carry into the exponent is right.
  const double pattern = steps + static_cast<double>((exponent + f.bias - 1)) * (1 << f.mantissa_bits);
  if (magnitude > 0 && pattern > largest_pattern(f)) return too_large(f, sign, saturate);
  const int bits = magnitude > 0 ? static_cast<int>(pattern) : 0;
  return static_cast<uint8_t>(f.one_zero && bits == 0 ? 0 : sign | bits);
}

uint8_t encode_power_of_two(float value, bool saturate) {
  if (std::isnan(value) || (std::isinf(value) && !saturate)) return 0xFF;
  if (std::isinf(value)) return 254;
  const double log = value > 0 ? std::nearbyint(std::log2(static_cast<double>(value))) : -127;
  return static_cast<uint8_t>(std::fmin(std::fmax(log + 127, 0.0), 254.0));
}

const SmallFloat* small_float_of(StorageType type) {
  if (type == &codecs::f8_e4m3.info) return &kE4M3;
  if (type == &codecs::f8_e5m2.info) return &kE5M2;
  if (type == &kF8E4M3Fnuz) return &kE4M3Fnuz;
  if (type == &kF8E5M2Fnuz) return &kE5M2Fnuz;
  return type == &kF4E2M1 ? &kE2M1 : nullptr;
}

template <typename From, typename To, typename Function>
HostTensor map_numbers(const HostTensor& tensor, StorageType type, Function function) {
  HostTensor result(type, tensor.dims());
  const auto from = tensor.numbers<From>();
  const auto to = result.fill<To>();
  for (size_t i = 0; i < from.size(); ++i) to[i] = function(from[i]);
  return result;
}

}  // namespace

bool is_narrow_float(StorageType type) {
  return type == &codecs::f16.info || type == &codecs::bf16.info || type == &kF8E8M0 || small_float_of(type);
}

HostTensor widen_floats(const HostTensor& tensor) {
  const StorageType type = tensor.type(), f32 = &codecs::f32.info;
  if (type == &codecs::f16.info) return map_numbers<uint16_t, float>(tensor, f32, f16_to_f32);
  if (type == &codecs::bf16.info) return map_numbers<uint16_t, float>(tensor, f32, bf16_to_f32);
  if (type == &kF8E8M0) return map_numbers<uint8_t, float>(tensor, f32, codecs::e8m0_to_f32);
  const SmallFloat* small = small_float_of(type);
  if (!small) fail(ErrorCode::internal, "{} is no narrow float", tensor.description());
  return map_numbers<uint8_t, float>(tensor, f32, [&](uint8_t bits) { return decode_small(*small, bits); });
}

HostTensor narrow_floats(const HostTensor& tensor, StorageType type, bool saturate) {
  if (type == &codecs::f16.info) return map_numbers<float, uint16_t>(tensor, type, f32_to_f16);
  if (type == &codecs::bf16.info) return map_numbers<float, uint16_t>(tensor, type, f32_to_bf16);
  if (type == &kF8E8M0) {
    return map_numbers<float, uint8_t>(tensor, type, [&](float x) { return encode_power_of_two(x, saturate); });
  }
  const SmallFloat* small = small_float_of(type);
  if (!small) fail(ErrorCode::internal, "{} is no narrow float", type ? type->name : "text");
  return map_numbers<float, uint8_t>(tensor, type, [&](float x) { return encode_small(*small, x, saturate); });
}

}  // namespace adze::ops
