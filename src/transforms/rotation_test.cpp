#include "transforms/rotation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "transforms/hadamard.h"

namespace adze::transforms {
namespace {

using testing::HasSubstr;

// Inner products of all pairs of rows are those of order * I.
bool is_hadamard(const std::vector<int8_t>& h, int64_t order) {
  for (int64_t a = 0; a < order; ++a) {
    for (int64_t b = 0; b <= a; ++b) {
      int64_t sum = 0;
      for (int64_t i = 0; i < order; ++i)
        sum += h[static_cast<size_t>(a * order + i)] * h[static_cast<size_t>(b * order + i)];
      if (sum != (a == b ? order : 0)) return false;
    }
  }
  return true;
}

TEST(Hadamard, PaleysConstructionsAreHadamardMatrices) {
  // By q + 1 with q = 3 mod 4, and by 2 (q + 1) with q = 1 mod 4.
  for (const int64_t order : {1, 2, 4, 8, 12, 20, 24, 28, 36, 44, 60, 68, 76, 84, 104, 108, 124, 148, 368}) {
    const auto h = paley_hadamard(order);
    ASSERT_EQ(h.size(), static_cast<size_t>(order * order)) << order;
    for (const int8_t entry : h) ASSERT_EQ(std::abs(entry), 1) << order;
    EXPECT_TRUE(is_hadamard(h, order)) << order;
  }
}

TEST(Hadamard, ThereAreNoneWherePaleyHasNone) {
  for (const int64_t order : {3, 6, 10, 16, 52, 92, 100}) EXPECT_TRUE(paley_hadamard(order).empty()) << order;
}

TEST(Hadamard, WidthsOfKnownModelsHaveOne) {
  for (const int64_t width : {288,  384,  512,  576,  640,  768,  896,  960,  1024, 1152, 1536,
                              2048, 2304, 2560, 2880, 3072, 3584, 4096, 5120, 6144, 8192}) {
    const auto factors = hadamard_factors(width);
    ASSERT_TRUE(factors) << width;
    EXPECT_EQ(factors->power_of_two * factors->base, width);
    EXPECT_LE(factors->base, 180) << width;
  }
  for (const int64_t width : {3, 6, 50, 222}) EXPECT_FALSE(hadamard_factors(width)) << width;
}

std::vector<std::vector<double>> rotated_units(const Rotation& rotation) {
  std::vector<std::vector<double>> units;
  std::vector<double> scratch;
  for (int64_t i = 0; i < rotation.size(); ++i) {
    std::vector<double> unit(static_cast<size_t>(rotation.size()));
    unit[static_cast<size_t>(i)] = 1;
    rotation.apply(unit.data(), 1, scratch);
    units.push_back(std::move(unit));
  }
  return units;
}

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

struct Case {
  int64_t size;
  RotationKind kind;
  const char* description;
};

class EveryRotation : public testing::TestWithParam<Case> {};

TEST_P(EveryRotation, IsOrthogonal) {
  const Rotation rotation(GetParam().size, GetParam().kind, 3);
  EXPECT_EQ(rotation.description(), GetParam().description);
  const auto units = rotated_units(rotation);
  for (size_t i = 0; i < units.size(); ++i) {
    for (size_t j = 0; j <= i; ++j) EXPECT_NEAR(dot(units[i], units[j]), i == j ? 1 : 0, 1e-13);
  }
}

TEST_P(EveryRotation, DoesNotDependOnWhatLiesBeside) {
  const Rotation rotation(GetParam().size, GetParam().kind, 3);
  const int64_t lanes = 5;
  std::vector<double> together(static_cast<size_t>(rotation.size() * lanes)), scratch;
  for (size_t i = 0; i < together.size(); ++i) together[i] = std::sin(static_cast<double>(i));
  const auto before = together;
  rotation.apply(together.data(), lanes, scratch);
  for (int64_t lane = 0; lane < lanes; ++lane) {
    std::vector<double> alone;
    for (int64_t i = 0; i < rotation.size(); ++i) alone.push_back(before[static_cast<size_t>(i * lanes + lane)]);
    rotation.apply(alone.data(), 1, scratch);
    for (int64_t i = 0; i < rotation.size(); ++i) {
      ASSERT_EQ(alone[static_cast<size_t>(i)], together[static_cast<size_t>(i * lanes + lane)]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, EveryRotation,
                         testing::Values(Case{1, RotationKind::hadamard, "Hadamard 1"},
                                         Case{64, RotationKind::hadamard, "Hadamard 64"},
                                         Case{96, RotationKind::hadamard, "Hadamard 8 x 12"},
                                         Case{72, RotationKind::hadamard, "Hadamard 2 x 36"},
                                         Case{18, RotationKind::hadamard, "Hadamard 2 x orthogonal 9"},
                                         Case{24, RotationKind::orthogonal, "orthogonal 24"}));

TEST(Rotation, SpreadsAnOutlierEvenly) {
  const Rotation rotation(576, RotationKind::hadamard, 1);
  for (const auto& unit : rotated_units(rotation)) {
    for (const double value : unit) EXPECT_NEAR(std::abs(value), 1 / 24.0, 1e-15);
  }
}

TEST(Rotation, SeedsDiffer) {
  EXPECT_NE(rotated_units(Rotation(16, RotationKind::hadamard, 1)),
            rotated_units(Rotation(16, RotationKind::hadamard, 2)));
  EXPECT_EQ(rotated_units(Rotation(16, RotationKind::orthogonal, 1)),
            rotated_units(Rotation(16, RotationKind::orthogonal, 1)));
}

// Written down on one machine: other machines must agree to the bit.
TEST(Rotation, IsTheSameEverywhere) {
  const auto units = rotated_units(Rotation(9, RotationKind::orthogonal, 5));
  EXPECT_EQ(units[0][0], 0x1.79580cab11f97p-4);
  EXPECT_EQ(units[8][8], 0x1.dc65c4a7d6349p-2);
}

TEST(Rotation, RefusesWhatWouldTakeAHugeDenseMatrix) {
  try {
    Rotation(8209, RotationKind::hadamard, 1);  // a prime
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("8209"));
  }
}

}  // namespace
}  // namespace adze::transforms
