// Every folder in tests/golden/encoders: a tiny checkpoint whose rows and scores tools/encoder_forward.py computed.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "formats/format.h"
#include "formats/safetensors/read_safetensors.h"
#include "formats/test_folder.h"
#include "model/pooling.h"
#include "runtime/encoder.h"
#include "runtime/session.h"

namespace adze {
namespace {

using model::Pooling;
using runtime::EncoderText;

const std::filesystem::path kFolder = "tests/golden/encoders";

std::vector<std::string> golden_cases() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

runtime::Encoder open_encoder(const std::string& path, std::optional<Pooling> pooling, bool normalize = false,
                              int64_t batch_tokens = 64) {
  auto model = formats::read_model(path);
  if (pooling) set_pooling(model, *pooling);
  auto loaded = std::make_shared<runtime::LoadedModel>(std::move(model), passes::ActivationPolicy::f32);
  return runtime::Encoder(std::move(loaded), {.threads = 2, .batch_tokens = batch_tokens, .normalize = normalize});
}

class GoldenEncoder : public testing::TestWithParam<std::string> {
 protected:
  std::string folder() const { return (kFolder / GetParam()).string(); }
  Json golden() const { return read_json_file(folder() + "/golden.json"); }
  EncoderText text() const {
    return {golden().at("tokens").get<std::vector<int32_t>>(), golden().at("types").get<std::vector<int32_t>>()};
  }
};

/// Those that have a classifier, and so scores.
class GoldenRanker : public GoldenEncoder {};

std::vector<std::string> golden_rankers() {
  auto names = golden_cases();
  std::erase_if(names, [](const std::string& name) {
    return !read_json_file((kFolder / name / "golden.json").string()).contains("scores");
  });
  return names;
}

std::vector<float> embedding_of(runtime::Encoder& encoder, const EncoderText& text) {
  return encoder.encode({&text, 1}).front().values;
}

void expect_near(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], 1e-4 * (1 + std::fabs(expected[i]))) << i;
  }
}

std::vector<float> flat(const Json& rows) {
  std::vector<float> numbers;
  for (const Json& row : rows) {
    for (const Json& number : row) numbers.push_back(number.get<float>());
  }
  return numbers;
}

TEST_P(GoldenEncoder, RowsAreTheReferences) {
  auto encoder = open_encoder(folder(), Pooling::none);
  expect_near(embedding_of(encoder, text()), flat(golden().at("rows")));
}

TEST_P(GoldenRanker, ScoresAreTheReferences) {
  auto encoder = open_encoder(folder(), std::nullopt);
  EXPECT_EQ(encoder.pooling(), Pooling::rank);
  expect_near(embedding_of(encoder, text()), golden().at("scores").get<std::vector<float>>());
}

// By definition, from the rows.
TEST_P(GoldenEncoder, PoolingsFollowFromTheRows) {
  const auto rows = golden().at("rows").get<std::vector<std::vector<float>>>();
  std::vector<float> mean(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) mean[i] += row[i] / static_cast<float>(rows.size());
  }
  const std::pair<Pooling, std::vector<float>> expected[] = {
      {Pooling::mean, mean}, {Pooling::cls, rows.front()}, {Pooling::last, rows.back()}};
  for (auto [pooling, vector] : expected) {
    auto plain = open_encoder(folder(), pooling);
    expect_near(embedding_of(plain, text()), vector);
    double length = 0;
    for (const float number : vector) length += static_cast<double>(number) * number;
    for (float& number : vector) number = static_cast<float>(number / std::sqrt(length));
    auto normalized = open_encoder(folder(), pooling, true);
    expect_near(embedding_of(normalized, text()), vector);
  }
}

TEST_P(GoldenEncoder, AVectorDoesNotDependOnOtherTexts) {
  const EncoderText whole = text();
  const EncoderText part{{whole.tokens.begin() + 3, whole.tokens.begin() + 12}};
  const EncoderText one{{5}};
  const std::vector<EncoderText> texts{part, whole, one, whole, part};
  for (const int64_t batch_tokens : {1, 30, 200}) {
    auto encoder = open_encoder(folder(), Pooling::mean, false, batch_tokens);
    const auto together = encoder.encode(texts);
    for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(together[i].values, embedding_of(encoder, texts[i])) << i;
  }
}

std::map<std::string, std::pair<Shape, std::vector<std::byte>>> stored_tensors(const std::string& folder) {
  std::map<std::string, std::pair<Shape, std::vector<std::byte>>> tensors;
  for (const auto& tensor : formats::read_safetensors_folder(folder)) {
    std::vector<std::byte> scratch;
    const auto bytes = tensor.source->rows(0, tensor.shape.row_count(), scratch);
    tensors.emplace(tensor.name, std::pair{tensor.shape, std::vector<std::byte>(bytes.begin(), bytes.end())});
  }
  return tensors;
}

TEST_P(GoldenEncoder, ToGgufAndBackLosesNothing) {
  const auto root = formats::test_folder();
  formats::format_named("gguf").write(formats::read_model(folder()), root + "/m.gguf", {});
  formats::format_named("hf").write(formats::read_model(root + "/m.gguf"), root + "/back", {});
  EXPECT_EQ(stored_tensors(root + "/back"), stored_tensors(folder()));
  auto original = open_encoder(folder(), std::nullopt);
  for (const auto* copy : {"/m.gguf", "/back"}) {
    auto again = open_encoder(root + copy, std::nullopt);
    EXPECT_EQ(again.pooling(), original.pooling());
    EXPECT_EQ(again.longest_text(), original.longest_text());
    EXPECT_EQ(normalizes_embeddings(again.model().model()), normalizes_embeddings(original.model().model()));
    EXPECT_EQ(embedding_of(again, text()), embedding_of(original, text())) << copy;
  }
  const Json found = read_json_file(root + "/back/config.json");
  const Json expected = read_json_file(folder() + "/config.json");
  for (const auto& [key, value] : expected.items()) {
    if (found.contains(key)) {
      EXPECT_EQ(found[key], value) << key;
    }
  }
  EXPECT_EQ(found.at("architectures"), expected.at("architectures"));
  EXPECT_EQ(found.at("max_position_embeddings"), expected.at("max_position_embeddings"));
}

INSTANTIATE_TEST_SUITE_P(Cases, GoldenRanker, testing::ValuesIn(golden_rankers()),
                         [](const auto& parameter) { return parameter.param; });
INSTANTIATE_TEST_SUITE_P(Cases, GoldenEncoder, testing::ValuesIn(golden_cases()),
                         [](const auto& parameter) { return parameter.param; });

template <typename Work>
std::string message_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Encoder, WhatDoesNotFitIsAnError) {
  auto encoder = open_encoder((kFolder / "bert").string(), std::nullopt);
  const auto message = [&](const EncoderText& text) { return message_of([&] { encoder.encode({&text, 1}); }); };
  EXPECT_NE(message({{}}).find("a text is empty"), std::string::npos);
  EXPECT_NE(message({{64}}).find("outside the vocabulary of 64"), std::string::npos);
  EXPECT_NE(message({{-1}}).find("outside the vocabulary of 64"), std::string::npos);
  EXPECT_NE(message({{1}, {2}}).find("token type 2"), std::string::npos);
  EXPECT_NE(message({std::vector<int32_t>(41, 1)}).find("takes 40 at most"), std::string::npos);
  EXPECT_EQ(message({std::vector<int32_t>(40, 1)}), "no error");
}

TEST(Encoder, ModelsAreNotMixedUp) {
  const auto open_session = [] {
    runtime::Session(std::make_shared<runtime::LoadedModel>(formats::read_model((kFolder / "bert").string()),
                                                            passes::ActivationPolicy::f32),
                     {});
  };
  EXPECT_NE(message_of(open_session).find("an encoder"), std::string::npos);
  const auto embed_decoder = [] { open_encoder("tests/golden/architectures/llama_plain", std::nullopt); };
  EXPECT_NE(message_of(embed_decoder).find("embeddings need an encoder"), std::string::npos);
  const auto rank_without_classifier = [] { open_encoder((kFolder / "bert").string(), Pooling::rank); };
  EXPECT_NE(message_of(rank_without_classifier).find("needs a classifier"), std::string::npos);
}

}  // namespace
}  // namespace adze
