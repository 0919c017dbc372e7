// make_model: the file is a whole model, its weights are what was promised, and threads do not show.
#include "pipeline/make_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <set>

#include "base/error.h"
#include "formats/format.h"
#include "formats/test_folder.h"
#include "pipeline/made_up_vocabulary.h"
#include "pipeline/model_shapes.h"
#include "pipeline/random_weights.h"
#include "runtime/session.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::pipeline {
namespace {

using formats::test_folder;
using testing::HasSubstr;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(MakeModel, IsTheSameAtAnyThreadCount) {
  const auto folder = test_folder();
  make_model({.shape = "tiny", .target = folder + "/one.gguf", .type = "Q4_K_M", .threads = 1});
  make_model({.shape = "tiny", .target = folder + "/three.gguf", .type = "Q4_K_M", .threads = 3});
  make_model({.shape = "tiny", .target = folder + "/other.gguf", .type = "Q4_K_M", .seed = 2});
  EXPECT_EQ(content_of(folder + "/one.gguf"), content_of(folder + "/three.gguf"));
  EXPECT_NE(content_of(folder + "/one.gguf"), content_of(folder + "/other.gguf"));
}

TEST(MakeModel, StoresTensorsAsTheMixSays) {
  const auto path = test_folder() + "/mixed.gguf";
  const auto report = make_model({.shape = "tiny", .target = path, .type = "Q4_K_M"});
  const auto model = formats::read_model(path);
  EXPECT_EQ(model.tensors.at("token_embd.weight").storage->name, "q6_k");  // it is the output projection too
  EXPECT_EQ(model.tensors.at("blk.0.attn_q.weight").storage->name, "q4_k");
  EXPECT_EQ(model.tensors.at("output_norm.weight").storage->name, "f32");
  EXPECT_EQ(model.metadata.find_int("file_type"), 15);
  EXPECT_EQ(report.weights, model.tensors.element_count());
  EXPECT_EQ(report.tensor_bytes, model.tensors.byte_size());
}

TEST(MakeModel, Runs) {
  const auto path = test_folder() + "/run.gguf";
  make_model({.shape = "tiny", .target = path, .type = "Q4_0"});
  const auto model = std::make_shared<runtime::LoadedModel>(formats::read_model(path), passes::ActivationPolicy{});
  runtime::Session session(model, {.threads = 1, .context_tokens = 64});
  const auto logits = session.feed(session.add_sequence(), model->tokenizer().encode("any text at all"));
  double squares = 0;
  for (const float logit : logits) squares += static_cast<double>(logit) * logit;
  // Unit normed features times weights of variance 1 / features.
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(logits.size())), 1, 0.2);
}

TEST(MakeModel, NamesTheShapesThatThereAre) {
  try {
    make_model({.shape = "huge", .target = test_folder() + "/x.gguf", .type = "Q4_0"});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::not_found);
    EXPECT_THAT(error.what(), HasSubstr("tiny, "));
  }
}

TEST(ModelShapes, FitTogether) {
  for (const auto& shape : all_model_shapes()) {
    EXPECT_EQ(shape.heads % shape.key_heads, 0) << shape.name;
    EXPECT_GE(shape.vocabulary, kSmallestMadeUpVocabulary) << shape.name;
    EXPECT_EQ(shape.features % 32, 0) << shape.name;
    EXPECT_EQ(shape.hidden % 32, 0) << shape.name;
  }
}

TEST(RandomTensor, IsNormalAndTheSameRowByRow) {
  const auto tensor = random_tensor("w", {64, 1030}, 0.5f, 3);
  const auto values = model::decode_all(tensor);
  double sum = 0, squares = 0, within = 0;
  for (const double value : values) {
    sum += value;
    squares += value * value;
    within += std::abs(value) < 0.5;
  }
  const auto count = static_cast<double>(values.size());
  EXPECT_NEAR(sum / count, 0, 0.01);
  EXPECT_NEAR(squares / count, 0.25, 0.005);
  EXPECT_NEAR(within / count, 0.6827, 0.01);  // within one deviation
  std::vector<std::byte> scratch;
  const auto row = tensor.source->rows(63, 1, scratch);
  EXPECT_EQ(std::memcmp(row.data(), values.data() + 63 * 1030, row.size()), 0);
}

TEST(MadeUpVocabulary, HasDistinctTokensAndEncodesAnything) {
  for (const int64_t size : {kSmallestMadeUpVocabulary, int64_t{1024}, int64_t{40000}}) {
    const auto spec = made_up_vocabulary(size);
    std::set<std::string> texts;
    for (const auto& token : spec.tokens) texts.insert(token.text);
    EXPECT_EQ(texts.size(), static_cast<size_t>(size));
    const text::Tokenizer tokenizer(spec);
    const std::string text = "the théâtre is\x01 12 \n\tmiles away";
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(text)), text);
  }
}

}  // namespace
}  // namespace adze::pipeline
