#include "runtime/samplers/exact_functions.h"

#include <bit>
#include <cstdint>
#include <limits>

namespace adze::runtime {
namespace {

constexpr int kMantissaBits = 52;
constexpr int kExponentBias = 1023;

}  // namespace

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
