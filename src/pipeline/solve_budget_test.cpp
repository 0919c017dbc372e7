// Sensitivities and budgets on a model of a few thousand weights.
#include "pipeline/solve_budget.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "quantize/recipe.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::pipeline {
namespace {

std::vector<int32_t> some_tokens(size_t count) {
  std::vector<int32_t> tokens;
  uint32_t state = 7;
  while (tokens.size() < count) {
    state = state * 1664525u + 1013904223u;
    tokens.push_back(static_cast<int32_t>(state >> 8) % static_cast<int32_t>(runtime::kTinyVocabulary));
  }
  return tokens;
}

class SolveBudget : public testing::Test {
 protected:
  static constexpr int64_t kContext = 64;

  SolveBudget()
      : model_(runtime::tiny_model(&codecs::f32.info)),
        meter_(model_, some_tokens(2 * kContext), {.text = {.context = kContext}, .threads = 2}),
        sensitivity_(measure_sensitivity(
            model_, meter_, {.candidates = {&codecs::q4_0, &codecs::q5_0, &codecs::q8_0}, .packing = {}, .threads = 2},
            no_progress())) {}

  BudgetSolution solve(const Budget& budget) {
    return solve_budget(model_, sensitivity_, budget, meter_, {}, no_progress());
  }
  int64_t bytes_in(StorageType type) const {
    int64_t bytes = sensitivity_.fixed_bytes;
    for (const TensorOptions& options : sensitivity_.tensors) {
      for (size_t t = 0; t < options.types.size(); ++t) {
        if (options.types[t] == type) bytes += options.predicted[t].bytes;
      }
    }
    return bytes;
  }

  model::Model model_;
  QualityMeter meter_;
  Sensitivity sensitivity_;
};

TEST_F(SolveBudget, KnowsTheNoiseAndTheHarmOfEveryType) {
  EXPECT_EQ(sensitivity_.tensors.size(), 15u);
  size_t in_groups = 0;
  for (const TensorGroup& group : sensitivity_.groups) {
    EXPECT_GT(group.divergence, 0) << group.name;
    in_groups += group.tensors.size();
  }
  EXPECT_EQ(in_groups, 15u);
  for (const TensorOptions& options : sensitivity_.tensors) {
    EXPECT_GT(options.noise[0], options.noise[1]);
    EXPECT_GT(options.noise[1], 10 * options.noise[2]);
    EXPECT_LT(options.predicted[0].bytes, options.predicted[2].bytes);
  }
}

TEST_F(SolveBudget, BetweenTwoTypesItMixesThem) {
  const int64_t least = bytes_in(&codecs::q4_0.info);
  const int64_t most = bytes_in(&codecs::q8_0.info);
  const auto small = solve({.max_bytes = least});
  const auto middle = solve({.max_bytes = (least + most) / 2});
  const auto large = solve({.max_bytes = most});
  EXPECT_EQ(small.bytes, least);
  EXPECT_EQ(large.bytes, most);
  EXPECT_LE(middle.bytes, (least + most) / 2);
  EXPECT_GT(middle.bytes, (least + most) / 2 - 2000);
  EXPECT_LT(middle.measured.mean_divergence(), small.measured.mean_divergence());
  EXPECT_LT(large.measured.mean_divergence(), middle.measured.mean_divergence());
  EXPECT_LT(middle.predicted_divergence, small.predicted_divergence);
}

TEST_F(SolveBudget, PredictionsAreOfTheRightSize) {
  const auto solution = solve({.max_bytes = bytes_in(&codecs::q5_0.info)});
  const double ratio = solution.measured.mean_divergence() / solution.predicted_divergence;
  EXPECT_GT(ratio, 0.3);
  EXPECT_LT(ratio, 3);
}

TEST_F(SolveBudget, KeepsALimitOfDivergenceByMeasuring) {
  const double coarse = solve({.max_bytes = bytes_in(&codecs::q4_0.info)}).measured.mean_divergence();
  const double limit = coarse / 4;
  const auto solution = solve({.max_divergence = limit});
  EXPECT_LE(solution.measured.mean_divergence(), limit);
  EXPECT_GT(solution.measured.mean_divergence(), limit / 4);
  EXPECT_LT(solution.bytes, bytes_in(&codecs::q8_0.info));
}

TEST_F(SolveBudget, SaysWhatIsOutOfReach) {
  const auto error_of = [&](const Budget& budget) -> std::string {
    try {
      solve(budget);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of({.max_bytes = 1000}), testing::HasSubstr("1000 bytes are too few"));
  EXPECT_THAT(error_of({.max_divergence = 1e-12}), testing::HasSubstr("out of reach"));
}

TEST_F(SolveBudget, ItsRecipeSaysTheSame) {
  const auto solution = solve({.max_bytes = bytes_in(&codecs::q5_0.info)});
  const auto recipe = quantize::recipe_of(quantize::mix_request(model_).tensors, solution.types, "nearest", "a test");
  const auto again = quantize::parse_recipe(quantize::to_json(recipe), "recipe");
  const auto choices = quantize::choose_tensor_types(again, quantize::mix_request(model_));
  ASSERT_EQ(choices.size(), solution.types.size());
  for (size_t i = 0; i < choices.size(); ++i) EXPECT_EQ(choices[i].storage, solution.types[i]) << i;
}

TEST_F(SolveBudget, ATypeThatFitsNowhereIsAnError) {
  EXPECT_THROW(
      measure_sensitivity(model_, meter_, {.candidates = {&codecs::q4_k}, .packing = {}, .threads = 1}, no_progress()),
      Error);
}

}  // namespace
}  // namespace adze::pipeline
