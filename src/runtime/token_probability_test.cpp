#include "runtime/token_probability.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace adze::runtime {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(TokenProbability, IsTheLogarithmOfTheSoftmax) {
  const float logits[] = {std::log(1.0f), std::log(4.0f), std::log(2.0f), std::log(1.0f)};
  const auto found = log_probabilities(logits, 2, 3);
  ASSERT_EQ(found.size(), 4u);
  const int32_t tokens[] = {2, 1, 2, 0};  // the one that was asked for, then the likeliest; of equals the lower id
  const double probabilities[] = {0.25, 0.5, 0.25, 0.125};
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i].token, tokens[i]);
    EXPECT_NEAR(found[i].log_probability, std::log(probabilities[i]), 1e-6);
  }
}

TEST(TokenProbability, HasNoMoreThanTheVocabulary) {
  const float logits[] = {0, 0};
  EXPECT_EQ(log_probabilities(logits, 0, 100).size(), 3u);
  EXPECT_EQ(log_probabilities(logits, 1, 0).size(), 1u);
}

TEST(TokenProbability, BearsBrokenLogits) {
  const float logits[] = {std::nanf(""), -kInfinity, 3, kInfinity};
  const auto found = log_probabilities(logits, 0, 2);
  EXPECT_EQ(found[0].log_probability, -kInfinity);
  EXPECT_EQ(found[1].token, 3);
  EXPECT_EQ(found[1].log_probability, 0);
  const float nothing[] = {-kInfinity, std::nanf("")};
  EXPECT_EQ(log_probabilities(nothing, 1, 0)[0].log_probability, -kInfinity);
}

}  // namespace
}  // namespace adze::runtime
