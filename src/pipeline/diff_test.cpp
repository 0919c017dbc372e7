#include "pipeline/diff.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "base/thread_pool.h"
#include "codecs/codec.h"
#include "pipeline/diff_texts.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::pipeline {
namespace {

using Kind = TensorDifference::Kind;

model::Tensor tensor_of(const std::string& name, Shape shape, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return model::owned_tensor(name, std::move(shape), &codecs::f32.info, std::move(bytes));
}

TensorComparison compared(const model::Model& a, const model::Model& b, double tolerance = 0) {
  ThreadPool pool(2);
  return compare_tensors(a, b, tolerance, pool, no_progress());
}

TEST(Diff, FindsRowsAndErrorsOfTensors) {
  constexpr int64_t kRows = 3000;  // several pieces
  constexpr int64_t kColumns = 64;
  std::vector<float> values(kRows * kColumns, 2.0f);
  model::Model a;
  a.tensors.add(tensor_of("w", {kRows, kColumns}, values));
  values[1000 * kColumns + 3] = 2.5f;
  values[2900 * kColumns] = 1.0f;
  values[2900 * kColumns + 1] = 3.0f;
  model::Model b;
  b.tensors.add(tensor_of("w", {kRows, kColumns}, values));
  const auto result = compared(a, b);
  ASSERT_EQ(result.differences.size(), 1u);
  const auto& difference = result.differences[0];
  EXPECT_EQ(difference.kind, Kind::values);
  EXPECT_EQ(difference.different_values, 3);
  EXPECT_EQ(difference.different_rows, 2);
  EXPECT_EQ(difference.first_row, 1000);
  EXPECT_EQ(difference.worst_row, 2900);
  EXPECT_DOUBLE_EQ(difference.max_error, 1.0);
  EXPECT_DOUBLE_EQ(difference.mean_error, 2.5 / (kRows * kColumns));
  EXPECT_NEAR(difference.relative_error, std::sqrt(2.25 / (4.0 * kRows * kColumns)), 1e-12);
  EXPECT_TRUE(compared(a, b, 0.01).differences.empty());
  EXPECT_TRUE(compared(a, a).differences.empty());
}

TEST(Diff, TellsMissingTensorsAndShapesApart) {
  model::Model a;
  a.tensors.add(tensor_of("both", {1, 2}, {1, 2}));
  a.tensors.add(tensor_of("only a", {1}, {1}));
  model::Model b;
  b.tensors.add(tensor_of("only b", {1}, {1}));
  b.tensors.add(tensor_of("both", {2, 1}, {1, 2}));
  const auto result = compared(a, b);
  EXPECT_EQ(result.compared, 0);
  ASSERT_EQ(result.differences.size(), 3u);
  EXPECT_EQ(result.differences[0].kind, Kind::shape);
  EXPECT_EQ(result.differences[1].kind, Kind::only_first);
  EXPECT_EQ(result.differences[2].kind, Kind::only_second);
  EXPECT_EQ(result.differences[2].name, "only b");
}

TEST(Diff, NothingButNumbersIsNear) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  model::Model a;
  a.tensors.add(tensor_of("w", {1, 3}, {nan, infinite, 1}));
  EXPECT_TRUE(compared(a, a).differences.empty());
  model::Model b;
  b.tensors.add(tensor_of("w", {1, 3}, {nan, -infinite, nan}));
  const auto result = compared(a, b, 1e9);
  ASSERT_EQ(result.differences.size(), 1u);
  EXPECT_EQ(result.differences[0].different_values, 2);
  EXPECT_TRUE(std::isinf(result.differences[0].max_error));
}

std::shared_ptr<text::TokenizerSpec> letters() {
  auto spec = std::make_shared<text::TokenizerSpec>();
  spec->model = text::TokenModel::bpe;
  spec->tokens.push_back({"<s>", 0, text::TokenType::control});
  for (char letter = 'a'; letter <= 'z'; ++letter) spec->tokens.push_back({std::string(1, letter)});
  spec->tokens.push_back({"he"});
  spec->merges.add("h", "e");
  spec->special.bos = 0;
  return spec;
}

TEST(Diff, SaysWhatATokenizerDoesDifferently) {
  model::Model a;
  a.tokenizer = letters();
  EXPECT_TRUE(compare_tokenizers(a, a).empty());
  auto changed = letters();
  changed->merges = {};
  changed->special.bos = text::kNoToken;
  model::Model b;
  b.tokenizer = changed;
  std::vector<std::string> found;
  for (const auto& difference : compare_tokenizers(a, b)) found.push_back(difference.what);
  EXPECT_EQ(found, (std::vector<std::string>{"merges", "special tokens", "encodings"}));
  EXPECT_EQ(compare_tokenizers(a, {}).size(), 1u);
}

TEST(Diff, ChatTemplatesAreWhatTheyRender) {
  model::Model a;
  a.chat_templates.emplace_back("", "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}");
  model::Model b;
  b.chat_templates.emplace_back("", "{% for m in messages %}{{ m['role'] + ': ' }}{{ m['content'] }}\n{% endfor %}");
  EXPECT_TRUE(compare_chat_templates(a, b).empty());
  b.chat_templates[0].second = "{% for m in messages %}{{ m.role }}: {{ m.content | trim }}\n{% endfor %}";
  const auto differences = compare_chat_templates(a, b);
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_NE(differences[0].details.find("blanks around a question"), std::string::npos) << differences[0].details;
}

}  // namespace
}  // namespace adze::pipeline
