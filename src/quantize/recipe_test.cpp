#include "quantize/recipe.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "quantize/storage_error.h"

namespace adze::quantize {
namespace {

TensorToStore tensor(std::string name, int64_t rows, int64_t columns) {
  return {std::move(name), rows == 1 ? Shape{columns} : Shape{rows, columns}, &codecs::f16.info};
}

MixRequest small_model() {
  MixRequest request;
  request.architecture = "llama";
  request.tensors = {tensor("token_embd.weight", 64, 256),   tensor("blk.0.attn_norm.weight", 1, 256),
                     tensor("blk.0.attn_v.weight", 64, 256), tensor("blk.1.attn_v.weight", 64, 256),
                     tensor("blk.0.ffn_up.weight", 64, 256), tensor("blk.1.ffn_up.weight", 64, 256)};
  return request;
}

constexpr std::string_view kText = R"({
  "adze_recipe": 1,
  "note": "by hand",
  "tensors": [{"name": "blk.1.attn_v.weight", "type": "Q6_K"}, {"name": "*attn_v*", "type": "q5_k"},
              {"name": "*", "type": "q4_k"}]
})";

TEST(Recipe, FirstMatchingLineCounts) {
  const auto choices = choose_tensor_types(parse_recipe(kText, "r.json"), small_model());
  std::vector<std::string_view> types;
  for (const auto& choice : choices) types.push_back(choice.storage->name);
  EXPECT_EQ(types, (std::vector<std::string_view>{"q4_k", "f16", "q5_k", "q6_k", "q4_k", "q4_k"}));
  EXPECT_EQ(choices[3].reason, "line 1 of the recipe");
  EXPECT_EQ(choices[1].reason, reason_to_keep("blk.0.attn_norm.weight", Shape{256}, "llama"));
}

TEST(Recipe, WhatIsAskedForSingleTensorsGoesFirst) {
  const Recipe recipe = parse_recipe(kText, "r.json");
  const TypeOverrides overrides{.patterns = {{"attn_v", &codecs::q8_0}, {"attn_norm", &codecs::q8_0}},
                                .output = &codecs::q5_0};
  std::vector<std::string_view> types;
  for (const auto& choice : choose_tensor_types(recipe, small_model(), overrides))
    types.push_back(choice.storage->name);
  EXPECT_EQ(types, (std::vector<std::string_view>{"q5_0", "f16", "q8_0", "q8_0", "q4_k", "q4_k"}));
  auto narrow = small_model();
  narrow.tensors[2].shape = Shape{64, 48};
  EXPECT_THROW(choose_tensor_types(recipe, narrow, overrides), Error);
}

TEST(Recipe, NamesTheTypeThatRowsAreTooNarrowFor) {
  auto request = small_model();
  request.tensors[4].shape = Shape{64, 48};
  const auto choice = choose_tensor_types(parse_recipe(kText, "r.json"), request)[4];
  EXPECT_EQ(choice.storage, request.tensors[4].storage);
  EXPECT_EQ(choice.too_wide, &codecs::q4_k.info);
}

TEST(Recipe, IsWrittenAsItIsRead) {
  const Recipe recipe = parse_recipe(kText, "r.json");
  const std::string text = to_json(recipe);
  const Recipe again = parse_recipe(text, "again");
  EXPECT_EQ(again.note, "by hand");
  ASSERT_EQ(again.lines.size(), 3u);
  EXPECT_EQ(again.lines[0].storage, &codecs::q6_k.info);
  EXPECT_EQ(to_json(again), text);
  EXPECT_NE(text.find("\n    {\"name\":\"*\",\"type\":\"q4_k\"}\n"), std::string::npos);
}

TEST(Recipe, PatternsMatchWholeNames) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*b*c", "a.b.b.c"));
  EXPECT_TRUE(matches("**x", "x"));
  EXPECT_FALSE(matches("a*b", "a.b.c"));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("a", "ab"));
  EXPECT_TRUE(matches("*aab", "aaaaaaab"));
}

TEST(Recipe, MistakesAreNamed) {
  const auto message = [](std::string_view text) -> std::string {
    try {
      choose_tensor_types(parse_recipe(text, "r.json"), small_model());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_NE(message("{}").find("r.json is not a recipe"), std::string::npos);
  EXPECT_NE(message(R"({"adze_recipe": 1})").find("\"tensors\" is not a list"), std::string::npos);
  EXPECT_NE(message(R"({"adze_recipe": 1, "tensors": [{"name": "*"}]})").find("line 1"), std::string::npos);
  EXPECT_NE(message(R"({"adze_recipe": 1, "tensors": [{"name": "*", "type": "q9"}]})").find("q9"), std::string::npos);
  EXPECT_NE(message(R"({"adze_recipe": 1, "quantizer": "magic", "tensors": []})").find("magic"), std::string::npos);
  EXPECT_NE(message(R"({"adze_recipe": 1, "tensors": [{"name": "*atn_v*", "type": "q8_0"}]})").find("*atn_v*"),
            std::string::npos);
}

TEST(Recipe, BecomesOptionsOfLlamaQuantize) {
  const MixRequest request = small_model();
  std::vector<StorageType> types;
  for (const auto& choice : choose_tensor_types(parse_recipe(kText, "r.json"), request))
    types.push_back(choice.storage);
  EXPECT_EQ(recipe_of(request.tensors, types, "hqq", "").lines.size(), 5u);
  EXPECT_EQ(llama_cpp_options(request.tensors, types),
            (std::vector<std::string>{R"(--tensor-type '^token_embd\.weight$=q4_k')",
                                      R"(--tensor-type '^blk\.(0)\.attn_v\.weight$=q5_k')",
                                      R"(--tensor-type '^blk\.(1)\.attn_v\.weight$=q6_k')",
                                      R"(--tensor-type '^blk\.(0|1)\.ffn_up\.weight$=q4_k')"}));
}

model::Tensor ramp() {
  std::vector<std::byte> bytes(4 * 8 * 256);
  auto* values = reinterpret_cast<float*>(bytes.data());
  for (int i = 0; i < 8 * 256; ++i) values[i] = static_cast<float>((i * 37) % 101 - 50) * (i % 256 < 128 ? 1.0f : 0.1f);
  return model::owned_tensor("w", Shape{8, 256}, &codecs::f32.info, std::move(bytes));
}

TEST(StorageError, FallsWithBits) {
  const auto weight = ramp();
  const double q8 = storage_error(weight, codecs::q8_0);
  const double q4 = storage_error(weight, codecs::q4_0);
  EXPECT_EQ(storage_error(weight, codecs::f32), 0);
  EXPECT_GT(q8, 0);
  EXPECT_LT(q8, 1e-4);
  EXPECT_GT(q4, 50 * q8);
  EXPECT_GT(storage_error(weight, codecs::q4_0, {}, 2), 0);
}

TEST(StorageError, CountsColumnsByTheirImportance) {
  auto statistics = std::make_shared<InputStatistics>();
  statistics->importance.assign(256, 0.0f);
  std::fill_n(statistics->importance.begin() + 128, 128, 1.0f);
  const auto weight = ramp();
  const double large_only = storage_error(weight, codecs::q8_0);
  const double small_only = storage_error(weight, codecs::q8_0, {.statistics = statistics});
  EXPECT_GT(small_only, 0);
  EXPECT_NE(small_only, large_only);
}

}  // namespace
}  // namespace adze::quantize
