#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>

#include "base/error.h"
#include "codecs/code_lattice.h"
#include "codecs/group_codecs.h"
#include "quantize/hessian_factor.h"
#include "quantize/packed_tensor.h"
#include "quantize/quantizer.h"

namespace adze::quantize {
namespace {

constexpr int64_t kColumns = 512;
constexpr int64_t kRows = 40;

std::vector<const codecs::Codec*> driven_codecs(const Quantizer& quantizer) {
  std::vector<const codecs::Codec*> driven;
  for (const auto codecs : {codecs::all_codecs(), codecs::group_codec_samples()}) {
    std::copy_if(codecs.begin(), codecs.end(), std::back_inserter(driven),
                 [&](const codecs::Codec* codec) { return quantizer.drives(*codec); });
  }
  return driven;
}

std::vector<float> normal_numbers(int64_t count, float deviation, unsigned seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(0.0f, deviation);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

model::Tensor tensor_of(const std::string& name, const Shape& shape, const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return model::owned_tensor(name, shape, &codecs::f32.info, {bytes.begin(), bytes.end()});
}

// X^T X of inputs that depend on each other: a few directions carry most, as activations of language models do.
std::vector<float> correlated_triangle(int64_t columns) {
  const int64_t inputs = 2 * columns, directions = columns / 8;
  const auto mix = normal_numbers(directions * columns, 1.0f, 3);
  const auto strength = normal_numbers(inputs * directions, 1.0f, 4);
  const auto own = normal_numbers(inputs * columns, 0.5f, 5);
  std::vector<double> sums(static_cast<size_t>(columns * (columns + 1) / 2));
  std::vector<float> x(static_cast<size_t>(columns));
  for (int64_t n = 0; n < inputs; ++n) {
    for (int64_t i = 0; i < columns; ++i) {
      float value = own[static_cast<size_t>(n * columns + i)];
      for (int64_t d = 0; d < directions; ++d) {
        value += strength[static_cast<size_t>(n * directions + d)] * mix[static_cast<size_t>(d * columns + i)];
      }
      x[static_cast<size_t>(i)] = value;
    }
    size_t at = 0;
    for (int64_t i = 0; i < columns; ++i) {
      for (int64_t j = 0; j <= i; ++j) sums[at++] += double{x[static_cast<size_t>(i)]} * x[static_cast<size_t>(j)];
    }
  }
  return {sums.begin(), sums.end()};
}

class Gptq : public testing::Test {
 protected:
  Gptq() : triangle_(correlated_triangle(kColumns)), weights_(normal_numbers(kRows * kColumns, 0.05f, 6)) {
    statistics_ = std::make_shared<InputStatistics>();
    statistics_->hessian =
        std::make_shared<model::Tensor>(tensor_of("h", Shape({static_cast<int64_t>(triangle_.size())}), triangle_));
    for (int64_t i = 0; i < kColumns; ++i) {
      statistics_->importance.push_back(triangle_[static_cast<size_t>(i * (i + 1) / 2 + i)]);
    }
  }

  model::Tensor packed(const Quantizer& quantizer, const codecs::Codec& codec,
                       const std::vector<std::string>& settings = {}) const {
    return packed_tensor(
        tensor_of("w", Shape({kRows, kColumns}), weights_), codec,
        {.quantizer = &quantizer, .settings = Settings(quantizer.parameters, settings), .statistics = statistics_});
  }

  // Squared error of the layer's outputs on the inputs that the Hessian is made of.
  double output_error(const model::Tensor& tensor) const {
    const auto values = model::decode_all(tensor);
    double sum = 0;
    for (int64_t row = 0; row < kRows; ++row) {
      const auto error_at = [&](int64_t i) {
        const auto at = static_cast<size_t>(row * kColumns + i);
        return double{weights_[at]} - values[at];
      };
      size_t at = 0;
      for (int64_t i = 0; i < kColumns; ++i) {
        for (int64_t j = 0; j <= i; ++j, ++at) sum += (i == j ? 1 : 2) * error_at(i) * error_at(j) * triangle_[at];
      }
    }
    return sum;
  }

  std::vector<float> triangle_;
  std::vector<float> weights_;
  std::shared_ptr<InputStatistics> statistics_;
};

std::vector<std::byte> bytes_of(const model::Tensor& tensor, int64_t rows_at_a_time) {
  std::vector<std::byte> all, scratch;
  for (int64_t row = 0; row < kRows; row += rows_at_a_time) {
    const auto rows = tensor.source->rows(row, std::min(rows_at_a_time, kRows - row), scratch);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

TEST_F(Gptq, ReducesTheErrorOfOutputsForEveryCodecWithALattice) {
  int driven = 0;
  for (const codecs::Codec* codec : driven_codecs(gptq)) {
    ++driven;
    const double by_importance = output_error(packed(importance, *codec));
    const double by_gptq = output_error(packed(gptq, *codec));
    EXPECT_LT(by_gptq, 0.6 * by_importance) << codec->info.name;
  }
  EXPECT_GE(driven, 8);
}

TEST_F(Gptq, EveryOrderAndWeightingReducesIt) {
  const double by_importance = output_error(packed(importance, codecs::q4_0));
  for (const Parameter& parameter : gptq.parameters) {
    for (const auto choice : parameter.choices) {
      const std::string word = std::string(parameter.name) + "=" + std::string(choice);
      EXPECT_LT(output_error(packed(gptq, codecs::q4_0, {word})), 0.6 * by_importance) << word;
    }
  }
}

TEST_F(Gptq, SweepsBetterItFurther) {
  for (const codecs::Codec* codec : driven_codecs(gptq)) {
    double before = output_error(packed(gptq, *codec, {"sweeps=0"}));
    for (const auto* sweeps : {"sweeps=1", "sweeps=3"}) {
      const double after = output_error(packed(gptq, *codec, {sweeps}));
      EXPECT_LT(after, 0.999 * before) << codec->info.name << ", " << sweeps;
      before = after;
    }
  }
}

TEST_F(Gptq, RowsDoNotDependOnEachOtherNorOnTheUpdates) {
  for (const codecs::Codec* codec : {&codecs::q4_0, &codecs::q4_k}) {
    const auto whole = bytes_of(packed(gptq, *codec), kRows);
    EXPECT_EQ(bytes_of(packed(gptq, *codec), 7), whole);
    EXPECT_EQ(bytes_of(packed(gptq, *codec, {"update_columns=300"}), kRows), whole);
  }
}

TEST_F(Gptq, TakesColumnsWithoutInputsAsTheyAre) {
  for (int64_t i = 0; i < kColumns; ++i) {  // column 5 saw nothing
    triangle_[static_cast<size_t>(i >= 5 ? i * (i + 1) / 2 + 5 : 15 + i)] = 0;
  }
  statistics_->hessian =
      std::make_shared<model::Tensor>(tensor_of("h", Shape({static_cast<int64_t>(triangle_.size())}), triangle_));
  for (const float value : model::decode_all(packed(gptq, codecs::q8_0))) EXPECT_TRUE(std::isfinite(value));
  // A singular Hessian is damped until it can be factored.
  EXPECT_NO_THROW(model::decode_all(packed(gptq, codecs::q8_0, {"damping=0"})));
}

TEST_F(Gptq, FallsBackWithoutAHessian) {
  statistics_->hessian = nullptr;
  EXPECT_EQ(bytes_of(packed(gptq, codecs::q4_0), kRows), bytes_of(packed(importance, codecs::q4_0), kRows));
}

TEST_F(Gptq, RefusesDamagedHessians) {
  const auto with = [&](std::vector<float> triangle) {
    const auto size = static_cast<int64_t>(triangle.size());
    statistics_->hessian = std::make_shared<model::Tensor>(tensor_of("h", Shape({size}), triangle));
    return packed(gptq, codecs::q4_0);
  };
  auto negative = triangle_, infinite = triangle_, unbalanced = triangle_;
  negative[0] = -1;
  infinite[7] = std::numeric_limits<float>::infinity();
  unbalanced[1] = 1e30f;
  for (const auto& triangle : {negative, infinite, unbalanced, std::vector<float>(10)}) {
    EXPECT_THROW(model::decode_all(with(triangle)), Error);
  }
}

TEST(HessianFactor, IsTheRootOfTheInverse) {
  constexpr int64_t kSize = 70;  // more than two panels
  const auto triangle = correlated_triangle(kSize);
  std::vector<int32_t> order(kSize);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  const HessianFactor factor = factor_hessian(triangle, order, 0.0);
  // H U^T U = 1
  for (int64_t i = 0; i < kSize; ++i) {
    for (int64_t j = 0; j < kSize; ++j) {
      double product = 0;
      for (int64_t k = 0; k < kSize; ++k) {
        double inverse = 0;
        for (int64_t m = 0; m < kSize; ++m) inverse += double{factor.row(m)[k]} * factor.row(m)[j];
        const int64_t a = std::max(order[static_cast<size_t>(i)], order[static_cast<size_t>(k)]);
        const int64_t b = std::min(order[static_cast<size_t>(i)], order[static_cast<size_t>(k)]);
        product += triangle[static_cast<size_t>(a * (a + 1) / 2 + b)] * inverse;
      }
      ASSERT_NEAR(product, i == j ? 1 : 0, 1e-3) << i << ", " << j;
    }
  }
}

TEST(Parameters, AreReadAndRefused) {
  const std::vector<std::string> words = {"damping=0.5", "order=columns"};
  const Settings settings(gptq.parameters, words);
  EXPECT_EQ(settings.number("damping"), 0.5);
  EXPECT_EQ(settings.integer("order"), 2);
  EXPECT_EQ(settings.integer("update_columns"), 128);
  for (const std::string word : {"damping", "damping=", "damping=x", "damping=-1", "damping=1x", "order=best", "dam=1",
                                 "update_columns=1.5", "damping=nan"}) {
    const std::vector<std::string> one = {word};
    EXPECT_THROW(Settings(gptq.parameters, one), Error) << word;
  }
  for (const Quantizer* quantizer : all_quantizers()) {
    for (const Parameter& parameter : quantizer->parameters) {
      EXPECT_FALSE(parameter.meaning.empty());
      const std::vector<std::string> initial = {std::string(parameter.name) + "=" +
                                                parameter.text_of(parameter.initial)};
      EXPECT_EQ(Settings(quantizer->parameters, initial).number(parameter.name), parameter.initial);
    }
  }
}

}  // namespace
}  // namespace adze::quantize
