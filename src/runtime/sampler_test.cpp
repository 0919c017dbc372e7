#include "runtime/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"

namespace adze::runtime {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
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

// Mostly ordinary, now and then with what a broken model or a mask makes of them.
std::vector<float> random_logits(Random& random, size_t count) {
  const double spread = 10 * random.uniform();
  const double odd = random.uniform() < 0.5 ? 0 : random.uniform();
  std::vector<float> logits;
  for (size_t i = 0; i < count; ++i) {
    const float odd_ones[] = {kInfinity, -kInfinity, -kInfinity, std::nanf(""), 0, 3e38f, -3e38f};
    double normal = -1.5;
    for (int term = 0; term < 3; ++term) normal += random.uniform();
    logits.push_back(random.uniform() < odd ? odd_ones[static_cast<size_t>(random.uniform() * 7)]
                                            : static_cast<float>(spread * normal));
  }
  logits[static_cast<size_t>(random.uniform() * static_cast<double>(count))] = 1;
  return logits;
}

// Every parameter anywhere in its range, at its ends too.
SamplerOptions random_options(Random& random) {
  SamplerOptions options;
  std::vector<const SamplerParameter*> parameters;
  for (const SamplerKind* kind : all_samplers()) {
    for (const SamplerParameter& parameter : kind->parameters) parameters.push_back(&parameter);
  }
  for (const SamplerParameter& parameter : shared_sampler_parameters()) parameters.push_back(&parameter);
  for (const SamplerParameter* parameter : parameters) {
    const double where = random.uniform();
    if (where < 0.4) continue;
    const double lowest = parameter->above_minimum ? 1e-9 : parameter->minimum;
    const double highest = where < 0.9 ? std::min(parameter->maximum, lowest + 20) : parameter->maximum;
    const double share = where < 0.5 ? 0 : where > 0.95 ? 1 : random.uniform();
    parameter->set(options, lowest + share * (highest - lowest));
    if (parameter->is_integer() && parameter->above_minimum) parameter->set(options, std::max(1.0, highest));
  }
  std::vector<std::string> names;
  for (const SamplerKind* kind : all_samplers()) {
    const bool may_be_named = kind->place == SamplerPlace::in_order || kind->place == SamplerPlace::last_if_named;
    if (may_be_named && random.uniform() < 0.8) names.emplace_back(kind->name);
  }
  options.samplers.clear();
  while (!names.empty()) {
    const auto next = names.begin() + static_cast<std::ptrdiff_t>(random.uniform() * static_cast<double>(names.size()));
    options.samplers += *next + ";";
    names.erase(next);
  }
  if (random.uniform() < 0.3) options.logit_biases = {{0, -kInfinity}, {1, -30}, {2, 30}};
  options.dry_breakers = {{3}, {4, 5}};
  return options;
}

TEST(Sampler, TakesATokenThatHasAProbabilityWhateverTheOptions) {
  Random random(17);
  for (int round = 0; round < 3000; ++round) {
    const SamplerOptions options = random_options(random);
    Sampler sampler(options);
    const size_t count = 1 + static_cast<size_t>(random.uniform() * (round % 10 == 0 ? 2000 : 30));
    for (int i = 0; i < 5; ++i) {
      const auto logits = random_logits(random, count);
      const bool forbids_all = !options.logit_biases.empty() && std::ranges::all_of(logits, [&](const float& logit) {
        return &logit == &logits.front() || !(logit > -kInfinity);
      });
      if (forbids_all) {
        EXPECT_THROW(sampler.sample(logits), Error);
        continue;
      }
      const int32_t token = sampler.sample(logits);
      ASSERT_TRUE(token >= 0 && static_cast<size_t>(token) < count) << "round " << round;
      EXPECT_GT(logits[static_cast<size_t>(token)], -kInfinity) << "round " << round;
      EXPECT_FALSE(token == 0 && !options.logit_biases.empty()) << "round " << round;
      sampler.accept(token);
    }
  }
}

// Computed once on x86-64: other processors must take the same tokens.
TEST(Sampler, TakesTheSameTokensOnEveryMachine) {
  Random random(23);
  uint64_t digest = 0;
  for (int round = 0; round < 200; ++round) {
    Sampler sampler(random_options(random));
    for (int i = 0; i < 5; ++i) {
      const auto logits = random_logits(random, 500);
      const int32_t token = sampler.sample(logits);
      sampler.accept(token);
      digest = digest * 1000003 + static_cast<uint64_t>(token);
    }
  }
  EXPECT_EQ(digest, 11159812411791592736u);
}

TEST(Sampler, MirostatReplacesAllButTheTemperature) {
  const SamplerOptions narrow{.top_k = 1, .mirostat = 2, .mirostat_tau = 50};
  EXPECT_EQ(drawn(narrow, kLogits).size(), kLogits.size());
  EXPECT_EQ(drawn({.temperature = 0, .mirostat = 2, .mirostat_tau = 50}, kLogits), (std::set<int32_t>{1}));
}

TEST(Sampler, AppliesWhatIsNamedInThatOrder) {
  // Without the temperature's name it has no effect.
  EXPECT_EQ(drawn({.temperature = 0, .top_k = 0, .samplers = "top_k"}, kLogits).size(), kLogits.size());
  // At a temperature of 100 all five are within the share of 0.9, at 1 the two best reach 0.6 already.
  const SamplerOptions options{.temperature = 100, .top_k = 0, .top_p = 0.6, .samplers = "top_p;temperature"};
  EXPECT_EQ(drawn(options, kLogits), (std::set<int32_t>{1, 3}));
  SamplerOptions other = options;
  other.samplers = "temperature;top_p";
  EXPECT_EQ(drawn(other, kLogits), (std::set<int32_t>{1, 2, 3}));
}

TEST(Sampler, RefusesOptionsThatMakeNoSense) {
  EXPECT_THROW(Sampler({.temperature = -1}), Error);
  EXPECT_THROW(Sampler({.top_p = 0}), Error);
  EXPECT_THROW(Sampler({.min_p = 2}), Error);
  EXPECT_THROW(Sampler({.repetition_penalty = 0}), Error);
  EXPECT_THROW(Sampler({.samplers = "top_k;best"}), Error);
  EXPECT_THROW(Sampler({.logit_biases = {{1, kInfinity}}}), Error);
  EXPECT_THROW(Sampler({.logit_biases = {{1, std::nanf("")}}}), Error);
}

}  // namespace
}  // namespace adze::runtime
