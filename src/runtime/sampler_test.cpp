#include "runtime/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"

namespace adze::runtime {
namespace {

const std::vector<float> kLogits{0.0f, 2.0f, 1.0f, 2.0f, -1.0f};

SamplerOptions unrestricted(double temperature) {
  return {.temperature = temperature, .top_k = 0, .top_p = 1, .min_p = 0};
}

std::set<int32_t> drawn(const SamplerOptions& options, const std::vector<float>& logits, int draws = 2000) {
  Sampler sampler(options);
  std::set<int32_t> tokens;
  for (int i = 0; i < draws; ++i) tokens.insert(sampler.sample(logits));
  return tokens;
}

TEST(Sampler, GreedyTakesTheFirstOfEqualBest) {
  Sampler sampler({.temperature = 0});
  EXPECT_EQ(sampler.sample(kLogits), 1);
}

TEST(Sampler, SameSeedSameTokens) {
  Sampler a({.seed = 7});
  Sampler b({.seed = 7});
  for (int i = 0; i < 100; ++i) EXPECT_EQ(a.sample(kLogits), b.sample(kLogits));
}

TEST(Sampler, FollowsTheDistribution) {
  Sampler sampler(unrestricted(1.0));
  double total = 0;
  for (const float logit : kLogits) total += std::exp(logit);
  std::vector<int> counts(kLogits.size());
  constexpr int kDraws = 40000;
  for (int i = 0; i < kDraws; ++i) ++counts[static_cast<size_t>(sampler.sample(kLogits))];
  for (size_t i = 0; i < kLogits.size(); ++i)
    EXPECT_NEAR(counts[i] / double{kDraws}, std::exp(kLogits[i]) / total, 0.01);
}

TEST(Sampler, LimitsKeepOnlyTheLikely) {
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 2, .top_p = 1, .min_p = 0}, kLogits), (std::set<int32_t>{1, 3}));
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 0, .top_p = 0.5, .min_p = 0}, kLogits), (std::set<int32_t>{1, 3}));
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 0, .top_p = 1, .min_p = 0.3}, kLogits), (std::set<int32_t>{1, 2, 3}));
  EXPECT_EQ(drawn(unrestricted(1.0), kLogits), (std::set<int32_t>{0, 1, 2, 3, 4}));
}

TEST(Sampler, AWideNucleusIsKeptWhole) {
  // 400 tokens of falling probability, the likeliest last: half of the mass lies in the last 121.
  std::vector<float> logits;
  for (int i = 0; i < 400; ++i) logits.push_back(static_cast<float>(i) * 0.005f);
  double total = 0;
  for (const float logit : logits) total += std::exp(double{logit});
  double covered = 0;
  std::set<int32_t> expected;
  for (int32_t token = 399; covered < 0.5 * total; --token) {
    covered += std::exp(double{logits[static_cast<size_t>(token)]});
    expected.insert(token);
  }
  EXPECT_EQ(drawn({.temperature = 1, .top_k = 0, .top_p = 0.5, .min_p = 0}, logits, 20000), expected);
}

TEST(Sampler, PenalizesWhatWasJustSaid) {
  Sampler sampler({.temperature = 0, .repetition_penalty = 3});
  sampler.accept(1);
  sampler.accept(3);
  EXPECT_EQ(sampler.sample(kLogits), 2);
}

TEST(Sampler, NanIsNeverTaken) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Sampler sampler({.temperature = 0});
  EXPECT_EQ(sampler.sample(std::vector<float>{nan, 1.0f}), 1);
  EXPECT_THROW(sampler.sample(std::vector<float>{nan, nan}), Error);
}

TEST(Sampler, RefusesOptionsThatMakeNoSense) {
  EXPECT_THROW(Sampler({.temperature = -1}), Error);
  EXPECT_THROW(Sampler({.top_p = 0}), Error);
  EXPECT_THROW(Sampler({.min_p = 2}), Error);
  EXPECT_THROW(Sampler({.repetition_penalty = 0}), Error);
}

}  // namespace
}  // namespace adze::runtime
