#include "transforms/scale_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "codecs/codec.h"
#include "transforms/output_error.h"

namespace adze::transforms {
namespace {

constexpr int64_t kColumns = 64;
constexpr int64_t kRows = 48;

float noise(uint32_t& state) {  // in [-1, 1)
  state = state * 1664525u + 1013904223u;
  return static_cast<float>(static_cast<int32_t>(state)) * 0x1p-31f;
}

model::Tensor tensor_of(const Shape& shape, const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return model::owned_tensor("w", shape, &codecs::f32.info, {bytes.begin(), bytes.end()});
}

// A few inputs are thirty times as large as the others, and depend on each other.
model::InputStatistics statistics(bool with_hessian) {
  std::vector<double> triangle(static_cast<size_t>(model::triangle_size(kColumns)));
  model::InputStatistics inputs;
  inputs.columns = kColumns;
  inputs.counts = {200};
  inputs.square_sums.resize(kColumns);
  uint32_t state = 5;
  for (int n = 0; n < 200; ++n) {
    std::vector<double> x(kColumns);
    const double common = noise(state);
    for (size_t i = 0; i < x.size(); ++i) x[i] = (i % 16 == 3 ? 30.0 : 1.0) * (common + noise(state));
    size_t at = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      for (size_t j = 0; j <= i; ++j) triangle[at++] += x[i] * x[j];
    }
  }
  for (int64_t i = 0; i < kColumns; ++i) {
    inputs.square_sums[static_cast<size_t>(i)] =
        static_cast<float>(triangle[static_cast<size_t>(model::triangle_size(i + 1) - 1)]);
  }
  const std::vector<float> rounded(triangle.begin(), triangle.end());
  if (with_hessian) {
    inputs.hessian = std::make_shared<model::Tensor>(tensor_of({static_cast<int64_t>(rounded.size())}, rounded));
  }
  return inputs;
}

std::vector<float> weights() {
  std::vector<float> values(kRows * kColumns);
  uint32_t state = 9;
  for (float& value : values) value = noise(state);
  return values;
}

std::vector<int32_t> own_factors() {
  std::vector<int32_t> factors(kColumns);
  std::iota(factors.begin(), factors.end(), 0);
  return factors;
}

TEST(OutputError, IsTheSumThatItsDefinitionSays) {
  const auto inputs = statistics(true);
  const auto triangle = model::decode_all(*inputs.hessian);
  const auto rows = weights();
  const auto errors = OutputError(inputs).of_rows(rows.data(), kRows);
  for (int64_t r = 0; r < kRows; r += 11) {
    double sum = 0;
    for (int64_t i = 0; i < kColumns; ++i) {
      for (int64_t j = 0; j < kColumns; ++j) {
        const int64_t a = std::max(i, j), b = std::min(i, j);
        sum += double{rows[static_cast<size_t>(r * kColumns + i)]} * rows[static_cast<size_t>(r * kColumns + j)] *
               triangle[static_cast<size_t>(model::triangle_size(a) + b)];
      }
    }
    EXPECT_NEAR(errors[static_cast<size_t>(r)], sum, 1e-5 * sum);
  }
}

class ScaleSearch : public testing::TestWithParam<bool> {};

TEST_P(ScaleSearch, LargeInputsGetLargeFactorsAndProductsErrLess) {
  const auto inputs = statistics(GetParam());
  ThreadPool one(1), three(3);
  const ScaleProblem problem{
      {{tensor_of({kRows, kColumns}, weights()), &codecs::q4_0}}, inputs, own_factors(), kColumns};
  const auto choice = search_scales(problem, {.quantizer = quantize::nearest, .pool = one});
  ASSERT_TRUE(choice.is_better());
  EXPECT_LT(choice.error_after, 0.7 * choice.error_before);
  EXPECT_GT(choice.factors[3], 2 * choice.factors[4]);
  EXPECT_EQ(search_scales(problem, {.quantizer = quantize::nearest, .pool = three}).factors, choice.factors);
}

TEST_P(ScaleSearch, ColumnsShareFactorsWhereTheyMust) {
  const auto inputs = statistics(GetParam());
  ThreadPool pool(1);
  ScaleProblem problem{{{tensor_of({kRows, kColumns}, weights()), &codecs::q4_0}}, inputs, own_factors(), kColumns / 2};
  for (auto& factor : problem.factor_of_column) factor %= kColumns / 2;
  const auto choice = search_scales(problem, {.quantizer = quantize::importance, .pool = pool});
  EXPECT_EQ(choice.factors.size(), static_cast<size_t>(kColumns / 2));
}

INSTANTIATE_TEST_SUITE_P(Statistics, ScaleSearch, testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "hessian" : "squares"; });

TEST(ScaleSearch, NothingIsBetterForInputsThatAreAlike) {
  model::InputStatistics inputs;
  inputs.columns = kColumns;
  inputs.counts = {1};
  inputs.square_sums.assign(kColumns, 2.0f);
  ThreadPool pool(1);
  const ScaleProblem problem{
      {{tensor_of({kRows, kColumns}, weights()), &codecs::q4_0}}, inputs, own_factors(), kColumns};
  const auto choice = search_scales(problem, {.quantizer = quantize::nearest, .pool = pool});
  EXPECT_FALSE(choice.is_better());
  for (const float factor : choice.factors) EXPECT_EQ(factor, 1);
}

}  // namespace
}  // namespace adze::transforms
