#include <gtest/gtest.h>

#include "base/error.h"
#include "runtime/samplers/kept_for_test.h"

namespace adze::runtime {
namespace {

using Tokens = std::set<int32_t>;
constexpr double kNear = 1e-6;

// The probabilities are 0.4, 0.3, 0.15, 0.1 and 0.05, in mixed order.
const std::vector<float> kLogits = logits_of({0.1, 0.4, 0.05, 0.3, 0.15});

TEST(Samplers, LogitBiasAddsAndForbids) {
  const float never = kForbiddenForTest;
  const SamplerOptions options{
      .logit_biases = {{1, never}, {2, std::log(2.0f)}, {2, std::log(3.0f)}, {99, 1}, {-1, 1}}};
  const auto left = left_by(logit_bias_sampler, options, kLogits);
  EXPECT_EQ(tokens_of(left), (Tokens{0, 2, 3, 4}));
  EXPECT_NEAR(left.at(2), 0.3 / 0.85, kNear);  // 0.05 times 6, of 0.1 + 0.3 + 0.3 + 0.15
  EXPECT_THROW(left_by(logit_bias_sampler, {.logit_biases = {{0, never}, {1, never}}}, {1, 2}), Error);
}

TEST(Samplers, PenaltiesDivideTheLikelyAndMultiplyTheUnlikely) {
  const SamplerOptions options{.repetition_penalty = 2, .presence_penalty = 0.5, .frequency_penalty = 0.25};
  const auto left = left_by(penalties_sampler, options, {3, 2, -1, 1}, {1, 2, 1});
  // 3, 2 / 2 - 0.5 - 2 * 0.25 = 0, -1 * 2 - 0.5 - 0.25 = -2.75, 1
  EXPECT_NEAR(std::log(left.at(0) / left.at(1)), 3, kNear);
  EXPECT_NEAR(std::log(left.at(1) / left.at(2)), 2.75, kNear);
  EXPECT_NEAR(std::log(left.at(3) / left.at(1)), 1, kNear);
}

TEST(Samplers, PenaltiesForgetWhatIsBehindTheWindow) {
  const SamplerOptions options{.frequency_penalty = 1, .repetition_window = 2};
  const auto left = left_by(penalties_sampler, options, {0, 0, 0}, {0, 0, 1, 2});
  EXPECT_NEAR(left.at(0) / left.at(1), std::exp(1), kNear);
  EXPECT_NEAR(left.at(1), left.at(2), kNear);
  const SamplerOptions off{.frequency_penalty = 1, .repetition_window = 0};
  EXPECT_EQ(left_by(penalties_sampler, off, {0, 0}, {0}).at(0), 0.5);
}

TEST(Samplers, TopNSigmaCutsBelowTheBest) {
  // Mean 2, squares 4 + 1 + 1 + 4 over 4: one deviation is sqrt(2.5) = 1.58.
  const std::vector<float> logits{0, 1, 3, 4, kForbiddenForTest};
  EXPECT_EQ(tokens_of(left_by(top_n_sigma_sampler, {.top_n_sigma = 1}, logits)), (Tokens{2, 3}));
  EXPECT_EQ(tokens_of(left_by(top_n_sigma_sampler, {.top_n_sigma = 2}, logits)), (Tokens{1, 2, 3}));
  EXPECT_EQ(left_by(top_n_sigma_sampler, {.top_n_sigma = -1}, logits).size(), 4u);
  EXPECT_EQ(left_by(top_n_sigma_sampler, {.top_n_sigma = 1}, {2, 2, 2}).size(), 3u);
}

TEST(Samplers, TopKKeepsTheMostLikelyAndLowerIdsOfEqualOnes) {
  EXPECT_EQ(tokens_of(left_by(top_k_sampler, {.top_k = 2}, kLogits)), (Tokens{1, 3}));
  EXPECT_NEAR(left_by(top_k_sampler, {.top_k = 2}, kLogits).at(1), 4.0 / 7, kNear);
  EXPECT_EQ(tokens_of(left_by(top_k_sampler, {.top_k = 2}, {1, 2, 1, 1})), (Tokens{0, 1}));
  EXPECT_EQ(left_by(top_k_sampler, {.top_k = 5}, kLogits).size(), 5u);
  EXPECT_EQ(left_by(top_k_sampler, {.top_k = 500}, kLogits).size(), 5u);
  EXPECT_EQ(left_by(top_k_sampler, {.top_k = 0}, kLogits).size(), 5u);
}

TEST(Samplers, TopPKeepsTheOneThatReachesTheShare) {
  EXPECT_EQ(tokens_of(left_by(top_p_sampler, {.top_p = 0.39}, kLogits)), (Tokens{1}));
  EXPECT_EQ(tokens_of(left_by(top_p_sampler, {.top_p = 0.5}, kLogits)), (Tokens{1, 3}));
  EXPECT_EQ(tokens_of(left_by(top_p_sampler, {.top_p = 0.71}, kLogits)), (Tokens{1, 3, 4}));
  EXPECT_EQ(tokens_of(left_by(top_p_sampler, {.top_p = 0.39, .min_keep = 3}, kLogits)), (Tokens{1, 3, 4}));
  EXPECT_EQ(left_by(top_p_sampler, {.top_p = 1}, kLogits).size(), 5u);
}

TEST(Samplers, MinPComparesWithTheBest) {
  EXPECT_EQ(tokens_of(left_by(min_p_sampler, {.min_p = 0.3}, kLogits)), (Tokens{1, 3, 4}));
  EXPECT_EQ(tokens_of(left_by(min_p_sampler, {.min_p = 1}, {1, 2, 2})), (Tokens{1, 2}));
  EXPECT_EQ(tokens_of(left_by(min_p_sampler, {.min_p = 0.9, .min_keep = 2}, kLogits)), (Tokens{1, 3}));
  EXPECT_EQ(left_by(min_p_sampler, {.min_p = 1e-310}, kLogits).size(), 5u);
}

TEST(Samplers, TypicalPPrefersTheExpectedSurprise) {
  // Entropy 1.392 nats; the surprises 0.916, 1.204, 1.897, 2.303 and 2.996 are 0.476, 0.188, 0.505, 0.911 and 1.604
  // off.
  EXPECT_EQ(tokens_of(left_by(typical_p_sampler, {.typical_p = 0.29}, kLogits)), (Tokens{3}));
  EXPECT_EQ(tokens_of(left_by(typical_p_sampler, {.typical_p = 0.31}, kLogits)), (Tokens{1, 3}));
  EXPECT_EQ(tokens_of(left_by(typical_p_sampler, {.typical_p = 0.71}, kLogits)), (Tokens{1, 3, 4}));
  EXPECT_EQ(tokens_of(left_by(typical_p_sampler, {.typical_p = 0.01, .min_keep = 2}, kLogits)), (Tokens{1, 3}));
  EXPECT_EQ(tokens_of(left_by(typical_p_sampler, {.typical_p = 0.5}, {7, kForbiddenForTest})), (Tokens{0}));
}

TEST(Samplers, XtcKeepsTheLeastLikelyOfTheTop) {
  const auto left = [](double threshold, int64_t min_keep) {
    const SamplerOptions options{.xtc_probability = 1, .xtc_threshold = threshold, .min_keep = min_keep};
    return tokens_of(left_by(xtc_sampler, options, kLogits));
  };
  EXPECT_EQ(left(0.12, 0), (Tokens{0, 2, 4}));        // above are 1, 3 and 4
  EXPECT_EQ(left(0.12, 4), (Tokens{0, 1, 2, 3, 4}));  // that would leave too few
  EXPECT_EQ(left(0.35, 0), (Tokens{0, 1, 2, 3, 4}));  // a single one above is the least likely itself
  EXPECT_EQ(left(0.51, 0), (Tokens{0, 1, 2, 3, 4}));
  EXPECT_EQ(left(0, 0), (Tokens{2}));
  EXPECT_EQ(tokens_of(left_by(xtc_sampler, {.xtc_probability = 1, .xtc_threshold = 0}, {1, 2, kForbiddenForTest})),
            (Tokens{0}));
}

TEST(Samplers, XtcActsAsOftenAsAsked) {
  const auto step = xtc_sampler.make({.xtc_probability = 0.3, .xtc_threshold = 0.12});
  Random random(5);
  constexpr int kTries = 20000;
  int excluded = 0;
  for (int i = 0; i < kTries; ++i) {
    Candidates candidates;
    candidates.assign(kLogits);
    step->apply(candidates, random);
    excluded += candidates.size() == 3;
  }
  EXPECT_NEAR(excluded / double{kTries}, 0.3, 0.015);  // four standard deviations are 0.013
}

TEST(Samplers, TemperatureSharpensAndFlattens) {
  const auto left = left_by(temperature_sampler, {.temperature = 0.5}, kLogits);
  EXPECT_NEAR(left.at(1) / left.at(3), 16.0 / 9, kNear);
  EXPECT_EQ(tokens_of(left_by(temperature_sampler, {.temperature = 0}, kLogits)), (Tokens{1}));
  EXPECT_EQ(tokens_of(left_by(temperature_sampler, {.temperature = 1e-300}, {2, 1, 2})), (Tokens{0}));
  EXPECT_EQ(left_by(temperature_sampler, {.temperature = 1e6}, kLogits).size(), 5u);
}

TEST(Samplers, DynamicTemperatureFollowsTheEntropy) {
  const SamplerOptions options{.temperature = 1, .temperature_range = 0.5, .temperature_exponent = 2};
  // Entropy 1.3921 of at most log 5 = 1.6094: 0.5 + 1 * 0.8649^2 = 1.2482
  double entropy = 0;
  for (const double p : {0.1, 0.4, 0.05, 0.3, 0.15}) entropy -= p * std::log(p);
  const double temperature = 0.5 + std::pow(entropy / std::log(5), 2);
  const auto left = left_by(temperature_sampler, options, kLogits);
  EXPECT_NEAR(left.at(1) / left.at(3), std::pow(4.0 / 3, 1 / temperature), kNear);
  const SamplerOptions to_zero{.temperature = 1, .temperature_range = 5};
  EXPECT_EQ(tokens_of(left_by(temperature_sampler, to_zero, {1000, 0, 0})), (Tokens{0}));
  EXPECT_EQ(tokens_of(left_by(temperature_sampler, to_zero, {3})), (Tokens{0}));
}

TEST(Samplers, AdaptivePPrefersTheTarget) {
  const SamplerOptions options{.adaptive_target = 0.3, .adaptive_decay = 0.5};
  // What was taken is at first taken to have been on target: 5 - 10 d^2 / (1 + d) with d = |p - 0.3| / 0.3.
  const auto left = left_by(adaptive_p_sampler, options, kLogits);
  const auto preference = [](double p) {
    const double distance = std::abs(p - 0.3) / 0.3;
    return 5 - 10 * distance * distance / (1 + distance);
  };
  EXPECT_NEAR(std::log(left.at(3) / left.at(1)), preference(0.3) - preference(0.4), 1e-5);
  EXPECT_NEAR(std::log(left.at(3) / left.at(0)), preference(0.3) - preference(0.1), 1e-5);
}

TEST(Samplers, AdaptivePMovesItsTargetAgainstWhatWasTaken) {
  const auto step = adaptive_p_sampler.make({.adaptive_target = 0.5, .adaptive_decay = 0.5});
  Random random(1);
  Candidates candidates;
  candidates.assign(std::vector<float>{3});  // is taken with probability 1
  step->apply(candidates, random);
  step->accept(0);
  step->accept(0);  // this one was not chosen here and does not count
  candidates.assign(kLogits);
  step->apply(candidates, random);
  // The mean is (1 + 0.5 * 1) / (1 + 0.5 * 2) = 0.75, so the target is 2 * 0.5 - 0.75 = 0.25.
  const auto left = probabilities_of(candidates);
  const auto preference = [](double p) {
    const double distance = std::abs(p - 0.25) / 0.3;
    return 5 - 10 * distance * distance / (1 + distance);
  };
  EXPECT_NEAR(std::log(left.at(3) / left.at(1)), preference(0.3) - preference(0.4), 1e-5);
}

TEST(Samplers, TheDefaultOrderIsThatOfTheTable) {
  std::string names;
  for (const SamplerKind* kind : all_samplers()) {
    if (kind->place == SamplerPlace::in_order) names += (names.empty() ? "" : ";") + std::string(kind->name);
  }
  EXPECT_EQ(names, kDefaultSamplers);
}

TEST(Samplers, HaveManySpellings) {
  const auto named = samplers_named("Top-K;typ;nucleus;temp;typical-p;TOPNSIGMA;;min_p");
  const std::vector<const SamplerKind*> expected{&top_k_sampler,       &typical_p_sampler, &top_p_sampler,
                                                 &temperature_sampler, &typical_p_sampler, &top_n_sigma_sampler,
                                                 &min_p_sampler};
  EXPECT_EQ(named, expected);
  EXPECT_TRUE(samplers_named("").empty());
  EXPECT_THROW(samplers_named("top_k;infill"), Error);
  EXPECT_THROW(samplers_named("mirostat"), Error);  // has an option of its own
}

TEST(Samplers, EveryParameterStatesItsBounds) {
  for (const SamplerKind* kind : all_samplers()) {
    for (const SamplerParameter& parameter : kind->parameters) {
      for (const double value : {parameter.minimum - 1, parameter.maximum * 2 + 1, std::nan("")}) {
        if (parameter.is_integer() && std::isnan(value)) continue;
        SamplerOptions options;
        parameter.set(options, value);
        EXPECT_THROW(check(options), Error) << parameter.name << " " << value;
      }
      SamplerOptions options;
      parameter.set(options, parameter.maximum);
      EXPECT_EQ(parameter.value_in(options), parameter.maximum) << parameter.name;
      EXPECT_NO_THROW(check(options)) << parameter.name;
      EXPECT_FALSE(parameter.meaning.empty());
    }
  }
}

}  // namespace
}  // namespace adze::runtime
