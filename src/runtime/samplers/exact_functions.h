// exp, log and pow from additions and multiplications alone, so that they have the same bits on every machine; those of
// C libraries differ in the last one. Their relative error is below 2^-50 (pow: times the size of its logarithm).
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

namespace adze::runtime {

inline constexpr double kLn2High = 0x1.62e42fee00000p-1;  // its last 21 bits are 0: times a whole exponent it is exact
inline constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

inline constexpr double kLeastExponent = -708;  // where a double is still normal

/// REQUIRES: kLeastExponent <= x <= 709. Without branches, so that loops over it become vector instructions.
///
/// x = k ln 2 + r with |r| <= ln 2 / 2; the Taylor series of e^r up to r^13 leaves 2^-57.
inline double exp_in_range(double x) {
  constexpr double kLog2E = 0x1.71547652b82fep+0;
  constexpr double kRounder = 0x1.8p52;  // a sum with it has k, rounded, in its lowest bits
  constexpr int kMantissaBits = 52;
  const double shifted = x * kLog2E + kRounder;
  const double k = shifted - kRounder;
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double sum = 1.0 / 6227020800;
  sum = sum * r + 1.0 / 479001600;
  sum = sum * r + 1.0 / 39916800;
  sum = sum * r + 1.0 / 3628800;
  sum = sum * r + 1.0 / 362880;
  sum = sum * r + 1.0 / 40320;
  sum = sum * r + 1.0 / 5040;
  sum = sum * r + 1.0 / 720;
  sum = sum * r + 1.0 / 120;
  sum = sum * r + 1.0 / 24;
  sum = sum * r + 1.0 / 6;
  sum = sum * r + 1.0 / 2;
  sum = sum * r + 1.0;
  sum = sum * r + 1.0;
  return std::bit_cast<double>(std::bit_cast<uint64_t>(sum) + (std::bit_cast<uint64_t>(shifted) << kMantissaBits));
}

/// 0 below -708; infinity above 709. REQUIRES: not NaN.
inline double exact_exp(double x) {
  constexpr double kLargest = 709;
  if (x > kLargest) return std::numeric_limits<double>::infinity();
  return x < kLeastExponent ? 0 : exp_in_range(x);
}

/// REQUIRES: x is positive and finite.
double exact_log(double x);

/// REQUIRES: base >= 0 and finite, exponent not NaN. 0 to the power 0 is 1.
double exact_pow(double base, double exponent);

}  // namespace adze::runtime
