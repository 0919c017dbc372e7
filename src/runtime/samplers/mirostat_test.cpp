#include <gtest/gtest.h>

#include "runtime/samplers/kept_for_test.h"

namespace adze::runtime {
namespace {

SamplerOptions mirostat_options(int64_t version, double tau, double eta = 0.1) {
  return {.mirostat = version, .mirostat_tau = tau, .mirostat_eta = eta};
}

TEST(Mirostat, VersionTwoKeepsWhatIsBelowTheBound) {
  // Surprises of 1, 2, 3, 4 and 4 bits; the bound is twice the target at first.
  const auto logits = logits_of({0.125, 0.0625, 0.5, 0.0625, 0.25});
  EXPECT_EQ(tokens_of(left_by(mirostat_sampler, mirostat_options(2, 1.25), logits)), (std::set<int32_t>{2, 4}));
  EXPECT_EQ(tokens_of(left_by(mirostat_sampler, mirostat_options(2, 1.75), logits)), (std::set<int32_t>{0, 2, 4}));
  EXPECT_EQ(tokens_of(left_by(mirostat_sampler, mirostat_options(2, 0), logits)), (std::set<int32_t>{2}));
  EXPECT_EQ(left_by(mirostat_sampler, mirostat_options(2, 100), logits).size(), 5u);
}

TEST(Mirostat, TheBoundFollowsWhatWasTaken) {
  const auto step = mirostat_sampler.make(mirostat_options(2, 1.25, 0.5));
  Random random(1);
  Candidates candidates;
  candidates.assign(std::vector<float>{1});  // no surprise: the bound grows from 2.5 by 0.5 * 1.25
  step->apply(candidates, random);
  EXPECT_EQ(candidates.chosen(), 0);
  candidates.assign(logits_of({0.125, 0.0625, 0.5, 0.0625, 0.25}));
  step->apply(candidates, random);
  EXPECT_EQ(tokens_of(probabilities_of(candidates)), (std::set<int32_t>{0, 2, 4}));
}

TEST(Mirostat, VersionOneEstimatesHowManyToKeep) {
  // p ~ 1 / rank^2 over 50 tokens: the slope is 2, k = sqrt(2^mu / (1 - 1/50)).
  std::vector<double> probabilities;
  for (int rank = 1; rank <= 50; ++rank) probabilities.push_back(1.0 / (rank * rank));
  const auto kept = [&](double tau) {
    return left_by(mirostat_sampler, mirostat_options(1, tau), logits_of(probabilities)).size();
  };
  EXPECT_EQ(kept(1.5), 2u);  // sqrt(8 / 0.98) = 2.86
  EXPECT_EQ(kept(3), 8u);    // sqrt(64 / 0.98) = 8.08
  EXPECT_EQ(kept(0), 1u);
  EXPECT_EQ(kept(900), 50u);  // more than there are
}

TEST(Mirostat, VersionOneTakesFlatAndSingleCandidates) {
  for (const double tau : {0.0, 5.0}) {
    EXPECT_GE(left_by(mirostat_sampler, mirostat_options(1, tau), std::vector<float>(10, 2.0f)).size(), 1u);
    EXPECT_EQ(left_by(mirostat_sampler, mirostat_options(1, tau), {2}).size(), 1u);
    EXPECT_EQ(tokens_of(left_by(mirostat_sampler, mirostat_options(1, tau), {kForbiddenForTest, 2})),
              (std::set<int32_t>{1}));
  }
}

// What the method is for: after a while the surprise is the target's.
TEST(Mirostat, ReachesItsTarget) {
  std::vector<double> probabilities;
  for (int rank = 1; rank <= 2000; ++rank) probabilities.push_back(1.0 / rank);
  const auto logits = logits_of(probabilities);
  for (const int64_t version : {1, 2}) {
    const auto step = mirostat_sampler.make(mirostat_options(version, 4));
    Random random(9);
    double surprise = 0;
    constexpr int kTokens = 600;
    for (int i = 0; i < 2 * kTokens; ++i) {
      Candidates candidates;
      candidates.assign(logits);
      step->apply(candidates, random);
      if (i >= kTokens) surprise -= std::log2(probabilities_of(candidates).at(candidates.chosen()));
    }
    EXPECT_NEAR(surprise / kTokens, 4, 0.3) << "version " << version;
  }
}

}  // namespace
}  // namespace adze::runtime
