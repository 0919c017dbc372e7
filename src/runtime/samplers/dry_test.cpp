#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/samplers/kept_for_test.h"

namespace adze::runtime {
namespace {

constexpr int32_t kVocabulary = 8;
const std::vector<float> kLogits(kVocabulary, 0.0f);

SamplerOptions dry_options(std::vector<std::vector<int32_t>> breakers = {}) {
  return {.dry_multiplier = 1, .dry_base = 2, .dry_breakers = std::move(breakers)};
}

// By how much each token's logit was lowered.
std::map<int32_t, double> penalties_after(const SamplerOptions& options, const std::vector<int32_t>& text) {
  const auto left = left_by(dry_sampler, options, kLogits, text);
  double most = 0;
  for (const auto& [token, probability] : left) most = std::max(most, probability);
  std::map<int32_t, double> lowered;
  for (const auto& [token, probability] : left) {
    const double penalty = std::log(most / probability);
    if (penalty > 1e-9) lowered[token] = std::round(penalty * 1e6) / 1e6;
  }
  return lowered;
}

using Penalties = std::map<int32_t, double>;

// a b c c b c y a b c: "a b c" would go on with c, "c" with b or c, "b c" with y.
TEST(Dry, PenalizesWhatGoesOnWithARepetition) {
  const std::vector<int32_t> text{0, 1, 2, 2, 1, 2, 5, 0, 1, 2};
  EXPECT_EQ(penalties_after(dry_options(), text), (Penalties{{2, 2}, {5, 1}}));  // 2^(3-2), 2^(2-2)
  SamplerOptions one = dry_options();
  one.dry_allowed_length = 1;
  EXPECT_EQ(penalties_after(one, text), (Penalties{{1, 1}, {2, 4}, {5, 2}}));
}

TEST(Dry, LooksNoFartherThanItsWindow) {
  SamplerOptions options = dry_options();
  options.dry_window = 6;
  EXPECT_EQ(penalties_after(options, {0, 1, 2, 2, 1, 2, 5, 0, 1, 2}), (Penalties{{5, 1}}));
  EXPECT_TRUE(penalties_after(dry_options(), {}).empty());
  EXPECT_TRUE(penalties_after(dry_options(), {1, 2}).empty());
}

TEST(Dry, EndsRepetitionsAtBreakers) {
  const std::vector<int32_t> text{0, 1, 2, 3, 0, 1, 2};
  EXPECT_EQ(penalties_after(dry_options(), text), (Penalties{{3, 2}}));
  EXPECT_EQ(penalties_after(dry_options({{0}}), text), (Penalties{{3, 1}}));        // only "1 2" counts
  EXPECT_EQ(penalties_after(dry_options({{0, 1}}), text), Penalties());             // only "2" counts
  EXPECT_EQ(penalties_after(dry_options({{0, 1, 7}}), text), (Penalties{{3, 2}}));  // is not there
  EXPECT_EQ(penalties_after(dry_options({{3}}), text), Penalties());                // a breaker itself goes free
}

TEST(Dry, TakesTheLongestOfAllRepetitions) {
  // "1 2" came twice before 3, "4 1 2" once.
  EXPECT_EQ(penalties_after(dry_options(), {1, 2, 3, 4, 1, 2, 3, 5, 4, 1, 2}), (Penalties{{3, 2}}));
  EXPECT_EQ(penalties_after(dry_options(), std::vector<int32_t>(10, 6)), (Penalties{{6, 128}}));  // 9 of them again
}

// The plain way: every earlier place against the end, token by token.
std::map<int32_t, double> plainly(const std::vector<int32_t>& text, size_t allowed) {
  std::map<int32_t, double> lowered;
  for (size_t next = 1; next < text.size(); ++next) {
    size_t length = 0;
    while (length < next && text[next - 1 - length] == text[text.size() - 1 - length]) ++length;
    if (length < allowed) continue;
    double& most = lowered[text[next]];
    most = std::max(most, std::pow(2.0, static_cast<double>(length - allowed)));
  }
  return lowered;
}

TEST(Dry, FindsWhatComparingEveryPlaceFinds) {
  Random random(11);
  for (int round = 0; round < 300; ++round) {
    std::vector<int32_t> text;
    const auto letters = 2 + round % 3;
    for (int i = 0; i < 40; ++i) text.push_back(static_cast<int32_t>(random.uniform() * letters));
    auto expected = plainly(text, 2);
    for (auto& [token, penalty] : expected) penalty = std::round(penalty * 1e6) / 1e6;
    EXPECT_EQ(penalties_after(dry_options(), text), expected) << "round " << round;
  }
}

}  // namespace
}  // namespace adze::runtime
