#include "runtime/samplers/exact_functions.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

namespace adze::runtime {
namespace {

constexpr double kError = 0x1p-50;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(ExactFunctions, ExpIsThatOfTheLibrary) {
  for (double x = -708; x < 709; x += 0.0371) EXPECT_NEAR(exact_exp(x) / std::exp(x), 1, kError) << x;
  EXPECT_EQ(exact_exp(0), 1);
  EXPECT_EQ(exact_exp(-kInfinity), 0);
  EXPECT_EQ(exact_exp(-1e300), 0);
  EXPECT_EQ(exact_exp(kInfinity), kInfinity);
}

TEST(ExactFunctions, LogIsThatOfTheLibrary) {
  for (double x = 1e-320; x < 1e308; x *= 1.37) {
    EXPECT_NEAR(exact_log(x), std::log(x), std::abs(std::log(x)) * kError) << x;
  }
  for (double x = 0.5; x < 2; x += 0.0013) EXPECT_NEAR(exact_log(x), std::log(x), std::abs(std::log(x)) * kError) << x;
  EXPECT_EQ(exact_log(1), 0);
}

TEST(ExactFunctions, PowIsThatOfTheLibrary) {
  for (double base = 0.01; base < 10; base *= 1.1) {
    for (double exponent = -3; exponent <= 3; exponent += 0.25) {
      EXPECT_NEAR(exact_pow(base, exponent) / std::pow(base, exponent), 1, 20 * kError) << base << " " << exponent;
    }
  }
  EXPECT_EQ(exact_pow(0, 0), 1);
  EXPECT_EQ(exact_pow(0, 2), 0);
}

// Computed once on x86-64: other processors must find the same bits.
TEST(ExactFunctions, AreTheSameOnEveryMachine) {
  double sum = 0;
  for (int i = 1; i <= 1000; ++i) sum += exact_exp(-i * 0.01) + exact_log(i) + exact_pow(i * 0.001, 0.3);
  EXPECT_EQ(std::bit_cast<uint64_t>(sum), 4664178153023423995u);
}

}  // namespace
}  // namespace adze::runtime
