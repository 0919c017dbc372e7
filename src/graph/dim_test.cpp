#include "graph/dim.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace adze::graph {
namespace {

constexpr SymbolId kT = 0;
constexpr SymbolId kS = 1;
const std::vector<Symbol> kSymbols{{"T", 1, 512}, {"S", 0, INT64_MAX}};

std::string text(const Dim& dim) { return to_string(dim, kSymbols); }

TEST(Dim, AddsAndScalesAffineExpressions) {
  const Dim dim = Dim::symbol(kT, 2, 1) + Dim::symbol(kS, -1) + Dim(4);
  EXPECT_EQ(text(dim), "2*T-S+5");
  EXPECT_EQ(text(dim * 3), "6*T-3*S+15");
  EXPECT_EQ(dim * 0, Dim(0));
  EXPECT_EQ(text(Dim::symbol(kT) + Dim::symbol(kT)), "2*T");
}

TEST(Dim, CancelledSymbolsDisappear) {
  const Dim dim = Dim::symbol(kT, 1, 7) + Dim::symbol(kT, -1);
  EXPECT_TRUE(dim.is_constant());
  EXPECT_EQ(dim, Dim(7));
  EXPECT_TRUE(Dim::symbol(kT, 0, 3).is_constant());
}

TEST(Dim, UnknownStaysUnknownAndEqualsNothing) {
  EXPECT_FALSE((Dim::unknown() + Dim(1)).is_known());
  EXPECT_FALSE((Dim::unknown() * 0).is_known());
  EXPECT_FALSE(Dim::unknown() == Dim::unknown());
  EXPECT_TRUE(Dim::unknown().may_equal(Dim(3)));
  EXPECT_EQ(text(Dim::unknown()), "?");
}

TEST(Dim, MayEqualRefusesOnlyWhatIsSurelyWrong) {
  EXPECT_FALSE(Dim(3).may_equal(Dim(4)));
  EXPECT_FALSE(Dim::symbol(kT).may_equal(Dim::symbol(kT, 1, 1)));
  EXPECT_TRUE(Dim::symbol(kT).may_equal(Dim::symbol(kS)));
  EXPECT_TRUE(Dim::symbol(kT).may_equal(Dim(3)));
  EXPECT_TRUE(Dim::symbol(kT, 2).may_equal(Dim::symbol(kT)));  // both 0
}

TEST(Dim, EvaluatesWithSymbolValues) {
  const Dim dim = Dim::symbol(kT, 2, 1) + Dim::symbol(kS);
  EXPECT_EQ(dim.evaluate({10, 5}), 26);
  EXPECT_EQ(dim.evaluate({10}), std::nullopt);
  EXPECT_EQ(Dim::unknown().evaluate({10, 5}), std::nullopt);
  EXPECT_EQ(Dim(8).evaluate({}), 8);
}

TEST(Dim, OverflowIsAnError) {
  EXPECT_THROW(Dim(INT64_MAX) + Dim(1), Error);
  EXPECT_THROW(Dim(INT64_MAX) * 2, Error);
  EXPECT_THROW(Dim::symbol(kT, INT64_MAX) + Dim::symbol(kT), Error);
  EXPECT_THROW(Dim::symbol(kT, 2).evaluate({INT64_MAX}), Error);
}

TEST(Dim, PrintsEdgeCases) {
  EXPECT_EQ(text(Dim(0)), "0");
  EXPECT_EQ(text(Dim::symbol(kT, -1)), "-T");
  EXPECT_EQ(text(Dim::symbol(kT, 1, -3)), "T-3");
  EXPECT_EQ(text(Dim::symbol(7)), "$7");
  const std::vector<Symbol> odd{{"a b", 0, 1}};
  EXPECT_EQ(to_string(Dim::symbol(0), odd), "\"a b\"");
}

}  // namespace
}  // namespace adze::graph
