#include "runtime/samplers/exact_functions.h"

#include <bit>
#include <cstdint>
#include <limits>

namespace adze::runtime {
namespace {

constexpr double kLn2High = 0x1.62e42fee00000p-1;  // its last 21 bits are zero: times a whole exponent it is exact
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kLog2E = 0x1.71547652b82fep+0;
constexpr int kMantissaBits = 52;
constexpr int kExponentBias = 1023;

double power_of_two(int64_t exponent) {
  return std::bit_cast<double>(static_cast<uint64_t>(exponent + kExponentBias) << kMantissaBits);
}

}  // namespace

// x = k ln 2 + r with |r| <= ln 2 / 2; the Taylor series of e^r up to r^13 leaves 2^-57.
double exact_exp(double x) {
  constexpr double kSmallest = -708;
  constexpr double kLargest = 709;
  if (x < kSmallest) return 0;
  if (x > kLargest) return std::numeric_limits<double>::infinity();
  constexpr double kRounder = 0x1.8p52;  // adding and subtracting it rounds to a whole number
  const double k = (x * kLog2E + kRounder) - kRounder;
  const double r = (x - k * kLn2High) - k * kLn2Low;
  double sum = 1.0 / 6227020800;
  constexpr double kInverseFactorials[] = {
      1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720,
      1.0 / 120,       1.0 / 24,       1.0 / 6,       1.0 / 2,      1.0,         1.0};
  for (const double coefficient : kInverseFactorials) sum = sum * r + coefficient;
  return sum * power_of_two(static_cast<int64_t>(k));
}

// x = 2^e m with m around 1, s = (m - 1) / (m + 1): log m = 2 (s + s^3 / 3 + s^5 / 5 + …), |s| < 0.172.
double exact_log(double x) {
  constexpr double kRootTwo = 0x1.6a09e667f3bcdp+0;
  constexpr double kSmallestNormal = 0x1p-1022;
  if (x < kSmallestNormal) return exact_log(x * 0x1p54) - 54 * (kLn2High + kLn2Low);
  const auto bits = std::bit_cast<uint64_t>(x);
  auto exponent = static_cast<int64_t>(bits >> kMantissaBits) - kExponentBias;
  constexpr uint64_t kMantissa = (uint64_t{1} << kMantissaBits) - 1;
  double m = std::bit_cast<double>((bits & kMantissa) | std::bit_cast<uint64_t>(1.0));
  if (m > kRootTwo) {
    m /= 2;
    ++exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double square = s * s;
  double sum = 0;
  for (int odd = 23; odd >= 3; odd -= 2) sum = (sum + 1.0 / odd) * square;
  const double e = static_cast<double>(exponent);
  return e * kLn2High + (2 * s + (2 * s * sum + e * kLn2Low));
}

double exact_pow(double base, double exponent) {
  if (exponent == 0) return 1;
  if (base == 0) return exponent > 0 ? 0 : std::numeric_limits<double>::infinity();
  return exact_exp(exponent * exact_log(base));
}

}  // namespace adze::runtime
