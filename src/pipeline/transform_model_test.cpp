// Transformed models compute the same, alone and behind each other, and their statistics follow.
#include "pipeline/transform_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "calibrate/calibrate.h"
#include "codecs/codec.h"
#include "formats/imatrix/read_imatrix.h"
#include "formats/test_folder.h"
#include "runtime/session.h"
#include "runtime/tiny_model_for_test.h"

namespace adze::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using transforms::TransformedModel;

std::vector<int32_t> some_tokens(size_t count) {
  std::vector<int32_t> tokens;
  uint32_t state = 7;
  while (tokens.size() < count) {
    state = state * 1664525u + 1013904223u;
    tokens.push_back(static_cast<int32_t>(state >> 8) % static_cast<int32_t>(runtime::kTinyVocabulary));
  }
  return tokens;
}

std::vector<float> logits_of(const model::Model& model) {
  const auto loaded = std::make_shared<runtime::LoadedModel>(model, passes::ActivationPolicy::f32);
  runtime::Session session(loaded, {.threads = 1, .context_tokens = 64, .kv_storage = &codecs::f32.info});
  const auto logits = session.feed(session.add_sequence(), some_tokens(20));
  return {logits.begin(), logits.end()};
}

void expect_same_logits(const model::Model& before, const model::Model& after) {
  const auto a = logits_of(before), b = logits_of(after);
  float largest = 0;
  for (const float value : a) largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 2e-5f * largest) << i;
}

// Every product's inputs, with Hessians and those of the matrix that makes the logits.
model::ActivationStatistics statistics_of(const model::Model& model) {
  const auto loaded = std::make_shared<runtime::LoadedModel>(
      model, passes::ActivationPolicy::f32, runtime::WeightMemory::mapped, calibrate::observable_passes());
  const calibrate::CalibrationRequest request{.target = formats::test_folder() + "/statistics.gguf",
                                              .dataset = "made up",
                                              .context = 32,
                                              .output_weight = true,
                                              .hessians = true,
                                              .threads = 1};
  calibrate::calibrate(loaded, some_tokens(256), request);
  return formats::read_imatrix(request.target);
}

model::Model with_biases(model::Model tiny) {
  const auto add = [&](const std::string& name, int64_t size, float step) {
    std::vector<float> values;
    for (int64_t i = 0; i < size; ++i) values.push_back(std::sin(static_cast<float>(i) * step));
    const auto bytes = std::as_bytes(std::span(values));
    tiny.tensors.add(model::owned_tensor(name, Shape{size}, &codecs::f32.info, {bytes.begin(), bytes.end()}));
  };
  add("blk.0.attn_q.bias", 64, 0.3f);
  add("blk.0.attn_v.bias", 32, 0.7f);
  add("blk.0.attn_output.bias", 64, 0.9f);
  add("blk.1.ffn_up.bias", 96, 1.1f);
  add("blk.1.ffn_down.bias", 64, 1.3f);
  return tiny;
}

TransformedModel apply(const model::Model& model, std::vector<quantize::RecipeTransform> steps,
                       model::ActivationStatistics statistics = {}) {
  ThreadPool pool(2);
  TransformRequest request{.transforms = std::move(steps)};
  request.types = [](const TransformedModel& transformed) {
    std::map<std::string, StorageType> types;
    for (const auto& tensor : transformed.model().tensors) {
      if (tensor.shape.rank() == 2) types[tensor.name] = &codecs::q4_0.info;
    }
    return types;
  };
  return transform_model(model, std::move(statistics), request, pool, no_progress());
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

struct Case {
  const char* name;
  std::vector<quantize::RecipeTransform> steps;
};

const std::vector<Case> kCases = {
    {"hadamard", {{"rotate", {"seed=3"}}}},
    {"orthogonal", {{"rotate", {"kind=orthogonal"}}}},
    {"stream", {{"rotate", {"heads=off"}}}},
    {"heads", {{"rotate", {"stream=off"}}}},
    {"awq", {{"awq"}}},
    {"awq_by_weights", {{"awq", {"weights=on", "steps=8"}}}},
    {"rotate_awq", {{"rotate"}, {"awq"}}},
    {"awq_rotate", {{"awq"}, {"rotate"}}},
    {"twice", {{"rotate"}, {"rotate", {"seed=9"}}}},
};

class EveryTransform : public testing::TestWithParam<Case> {
 protected:
  const model::Model model_ = with_biases(runtime::tiny_model(&codecs::f32.info));
};

TEST_P(EveryTransform, ComputesTheSame) {
  const auto transformed = apply(model_, GetParam().steps, statistics_of(model_));
  EXPECT_NE(model::decode_all(transformed.model().tensors.at("blk.1.attn_output.weight")),
            model::decode_all(model_.tensors.at("blk.1.attn_output.weight")));
  expect_same_logits(model_, transformed.model());
}

// What is said about the inputs is what calibrating the transformed model finds.
TEST_P(EveryTransform, StatisticsFollow) {
  const auto transformed = apply(model_, GetParam().steps, statistics_of(model_));
  const auto measured = statistics_of(transformed.model());
  ASSERT_EQ(measured.inputs.size(), transformed.statistics().inputs.size());
  for (const auto& [weight, inputs] : measured.inputs) {
    const auto* said = transformed.statistics().find(weight);
    ASSERT_TRUE(said) << weight;
    const auto a = model::decode_all(*inputs.hessian), b = model::decode_all(*said->hessian);
    float largest = 0;
    for (const float value : a) largest = std::max(largest, std::abs(value));
    for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], 1e-4f * largest) << weight << " " << i;
    for (size_t i = 0; i < inputs.square_sums.size(); ++i) {
      ASSERT_NEAR(inputs.square_sums[i], said->square_sums[i], 1e-4f * largest) << weight << " " << i;
      ASSERT_NEAR(inputs.sums[i], said->sums[i], 1e-4f * largest) << weight << " " << i;
    }
  }
}

TEST_P(EveryTransform, GivesTheSameNumbersForAnyRows) {
  const auto transformed = apply(model_, GetParam().steps, statistics_of(model_));
  for (const auto& tensor : transformed.model().tensors) {
    const auto whole = model::decode_all(tensor);
    std::vector<std::byte> scratch;
    const auto columns = static_cast<size_t>(tensor.shape.row_length());
    for (int64_t row = 0; row < tensor.shape.row_count(); row += 7) {
      std::vector<float> one(columns);
      codecs::codec_of(tensor.storage)
          .decode(tensor.source->rows(row, 1, scratch).data(), one.data(), tensor.shape.row_length());
      const auto begin = whole.begin() + row * tensor.shape.row_length();
      ASSERT_TRUE(std::equal(one.begin(), one.end(), begin)) << tensor.name << " row " << row;
    }
    tensor.source->release(0, tensor.shape.row_count());
    EXPECT_EQ(model::decode_all(tensor), whole) << tensor.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Steps, EveryTransform, testing::ValuesIn(kCases),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(TransformModel, RotatingUntiesTheHeadAndSaysSo) {
  const auto tiny = runtime::tiny_model(&codecs::f16.info);
  const auto transformed = apply(tiny, {{"rotate"}});
  ASSERT_TRUE(transformed.model().tensors.contains("output.weight"));
  EXPECT_EQ(transformed.original_storage("output.weight"), &codecs::f16.info);
  EXPECT_EQ(transformed.original_storage("blk.0.attn_q.weight"), &codecs::f16.info);
  bool said = false;
  for (const auto& fold : transformed.folds()) said = said || (fold.what == "output.weight" && fold.done);
  EXPECT_TRUE(said);
  for (const float factor : model::decode_all(transformed.model().tensors.at("blk.0.ffn_norm.weight"))) {
    EXPECT_EQ(factor, 1);
  }
}

TEST(TransformModel, FactorsOfZeroStayHarmless) {
  auto tiny = runtime::tiny_model(&codecs::f32.info);
  model::TensorList tensors;
  for (const auto& tensor : tiny.tensors) {
    if (tensor.name != "blk.0.attn_norm.weight") {
      tensors.add(tensor);
      continue;
    }
    auto factors = model::decode_all(tensor);
    factors[5] = 0;
    const auto bytes = std::as_bytes(std::span(factors));
    tensors.add(model::owned_tensor(tensor.name, tensor.shape, tensor.storage, {bytes.begin(), bytes.end()}));
  }
  tiny.tensors = tensors;
  const auto transformed = apply(tiny, {{"rotate"}}, statistics_of(tiny));
  expect_same_logits(tiny, transformed.model());
  for (const float sum : transformed.statistics().find("blk.0.attn_q.weight")->square_sums)
    EXPECT_TRUE(std::isfinite(sum));
}

TEST(TransformModel, AwqMakesProductsErrLess) {
  const auto tiny = runtime::tiny_model(&codecs::f32.info);
  const auto transformed = apply(tiny, {{"awq"}}, statistics_of(tiny));
  int done = 0;
  for (const auto& fold : transformed.folds()) {
    if (!fold.done) continue;
    ++done;
    EXPECT_LT(fold.error_after, fold.error_before) << fold.what;
  }
  EXPECT_GE(done, 4);
}

TEST(TransformModel, SaysWhatItCannotDo) {
  const auto tiny = runtime::tiny_model(&codecs::f32.info);
  EXPECT_THAT(error_of([&] { apply(tiny, {{"turn"}}); }), HasSubstr("known are rotate, awq"));
  EXPECT_THAT(error_of([&] { apply(tiny, {{"awq"}}); }), HasSubstr("adze calibrate"));
  EXPECT_THAT(error_of([&] { apply(tiny, {{"rotate", {"seed=x"}}}); }), HasSubstr("seed is 'x'"));
  auto bare = tiny;
  bare.architecture.clear();
  EXPECT_THAT(error_of([&] { apply(bare, {{"rotate"}}); }), HasSubstr("without an architecture"));
  EXPECT_THAT(error_of([&] { apply(tiny, {{"rotate", {"stream=off", "heads=off"}}}); }), HasSubstr("change nothing"));
}

TEST(TransformModel, StatisticsOfAnotherModelAreRefused) {
  const auto tiny = runtime::tiny_model(&codecs::f32.info);
  auto statistics = statistics_of(tiny);
  auto& inputs = statistics.inputs.at("blk.0.attn_q.weight");
  inputs.columns = 32;
  inputs.square_sums.resize(32);
  inputs.hessian = nullptr;
  for (const char* name : {"rotate", "awq"}) {
    EXPECT_NE(error_of([&] { apply(tiny, {{name}}, statistics); }), "no error") << name;
  }
}

TEST(TransformModel, SettingsGoToTheirTransform) {
  std::vector<quantize::RecipeTransform> steps = {{"rotate"}, {"awq"}};
  EXPECT_THAT(take_transform_settings({"awq.rows=7", "damping=0.1", "rotate.seed=3"}, steps),
              ElementsAre("damping=0.1"));
  EXPECT_THAT(steps[0].settings, ElementsAre("seed=3"));
  EXPECT_THAT(steps[1].settings, ElementsAre("rows=7"));
  std::vector<quantize::RecipeTransform> twice = {{"rotate"}, {"rotate"}};
  EXPECT_THAT(error_of([&] { take_transform_settings({}, twice); }), HasSubstr("twice"));
  std::vector<quantize::RecipeTransform> none;
  EXPECT_THAT(error_of([&] { take_transform_settings({"awq.rows=7"}, none); }), HasSubstr("not --transform awq"));
}

}  // namespace
}  // namespace adze::pipeline
