// Sums of bytes with scales by integer factors, bit by bit as LiteRT's fast kernels (XNNPACK) compute them.
//
// The factors a_scale / y_scale and b_scale / y_scale become integers below 2^21 over one power of two, so that
// y = ((a - a_zero) * a_factor + (b - b_zero) * b_factor + half) >> shift, + y_zero: a half is rounded up.
#pragma once

#include <cstdint>
#include <optional>

namespace adze::ops {

struct FixedPointSum {
  int32_t a_factor = 0, b_factor = 0;
  int32_t term = 0;  // the half, less what the zero points add
  int shift = 0;
  int32_t zero = 0, least = 0, most = 255;
  bool a_is_signed = false, b_is_signed = false;
  int64_t b_step = 1;  // 0: one addend for all
};

/// Quotients of f32 scales; that of b may be negative. Nothing where both are below 2^-10 or one is 2^8 or more.
std::optional<FixedPointSum> fixed_point_sum(float a_ratio, float b_ratio, int32_t a_zero, int32_t b_zero);

void add_bytes_fixed(const FixedPointSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to);

}  // namespace adze::ops
