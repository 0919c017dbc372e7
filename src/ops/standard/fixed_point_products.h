// Sums of bytes with scales by integer factors, bit by bit as LiteRT's fast kernels (XNNPACK) compute them.
// Plain structs only: files compiled for one ISA include this.
//
// The factors a_scale / y_scale and b_scale / y_scale become integers of at most 2^21 over one power of two, so that
// y = ((a - a_zero) * a_factor + (b - b_zero) * b_factor + half) >> shift, + y_zero: a half is rounded up.
#pragma once

#include <cstdint>

namespace adze::ops {

struct FixedPointSum {
  int32_t a_factor = 0, b_factor = 0;
  int32_t term = 0;  // the half, less what the zero points add
  int32_t shift = 0;
  int32_t zero = 0, least = 0, most = 255;
  bool a_is_signed = false, b_is_signed = false;
  int64_t b_step = 1;  // 0: one addend for all
};

/// Sets factors, term and shift from quotients of scales; that of b may be negative. False where both are below 2^-10
/// or one is 2^8 or more.
bool set_factors(FixedPointSum& sum, float a_ratio, float b_ratio, int32_t a_zero, int32_t b_zero);

/// `count` bytes of a and `to`, of b `count` or, with b_step 0, one. REQUIRES: b_step is 0 or 1.
void add_bytes_fixed(const FixedPointSum& sum, const uint8_t* a, const uint8_t* b, int64_t count, uint8_t* to);

/// The same, one for each ISA.
using AddBytesFixed = void (*)(const FixedPointSum& sum, const uint8_t* a, const uint8_t* b, int64_t count,
                               uint8_t* to);
extern const AddBytesFixed kAddBytesFixedAvx512;
extern const AddBytesFixed kAddBytesFixedAvx2;
extern const AddBytesFixed kAddBytesFixedPortable;

}  // namespace adze::ops
