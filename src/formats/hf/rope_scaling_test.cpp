#include "formats/hf/rope_scaling.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace adze::formats {
namespace {

model::Model with_head_size(uint32_t dims) {
  model::Model model;
  model.config.set("rope.dimension_count", dims);
  model.config.set("rope.freq_base", 500000.0f);
  return model;
}

TEST(Llama3Scaling, HasPlainEndsAndASlopeBetween) {
  const auto divisors = llama3_divisors({}, 500000, 128);
  ASSERT_EQ(divisors.size(), 64u);
  EXPECT_EQ(divisors.front(), 1.0f);
  EXPECT_EQ(divisors.back(), 8.0f);
  EXPECT_TRUE(std::ranges::is_sorted(divisors));
  // Published values of the Llama 3.1 checkpoints in GGUF.
  EXPECT_NEAR(divisors[29], 1.2074839, 1e-5);  // computed with numpy in float32
  EXPECT_NEAR(divisors[34], 5.2573271, 1e-5);
}

TEST(Llama3Scaling, ParametersComeBackFromTheDivisors) {
  for (const Llama3Scaling scaling : {Llama3Scaling{8, 1, 4, 8192}, Llama3Scaling{32, 1, 4, 8192},
                                      Llama3Scaling{16, 1, 8, 4096}, Llama3Scaling{8, 2, 8, 16384}}) {
    const auto divisors = llama3_divisors(scaling, 500000, 128);
    const auto fitted = fit_llama3_scaling(divisors, 500000);
    ASSERT_TRUE(fitted);
    EXPECT_EQ(fitted->factor, scaling.factor);
    EXPECT_EQ(fitted->high_frequency_factor, scaling.high_frequency_factor / scaling.low_frequency_factor);
    EXPECT_EQ(fitted->original_context, scaling.original_context / scaling.low_frequency_factor);
  }
  EXPECT_FALSE(fit_llama3_scaling({1, 2, 3, 4, 5, 6, 7, 8}, 10000));
}

TEST(RopeScaling, Llama3BecomesAWeight) {
  auto model = with_head_size(128);
  const auto config = parse_json(R"({"rope_scaling":{"rope_type":"llama3","factor":32.0,"low_freq_factor":1.0,
      "high_freq_factor":4.0,"original_max_position_embeddings":8192}})",
                                 "config.json");
  read_rope_scaling(config, "config.json", model);
  EXPECT_EQ(model.tensors.at(kRopeFactors).shape, Shape{64});
  const Json back = rope_scaling_of(model);
  EXPECT_EQ(back["factor"], 32.0);
  EXPECT_EQ(back["original_max_position_embeddings"], 8192);
  EXPECT_EQ(back["rope_type"], "llama3");
}

TEST(RopeScaling, Llama3NeedsAtLeastOnePairPerHead) {
  auto model = with_head_size(1);
  EXPECT_THROW(read_rope_scaling(parse_json(R"({"rope_scaling":{"rope_type":"llama3"}})", "c"), "c", model), Error);
}

TEST(RopeScaling, LinearAndYarnBecomeKeys) {
  auto linear = with_head_size(64);
  read_rope_scaling(parse_json(R"({"rope_scaling":{"type":"linear","factor":2.5}})", "c"), "c", linear);
  EXPECT_EQ(linear.config.find_string("rope.scaling.type"), "linear");
  EXPECT_EQ(rope_scaling_of(linear), parse_json(R"({"factor":2.5,"rope_type":"linear"})", "c"));

  auto yarn = with_head_size(64);
  const auto parameters = R"({"rope_theta":1000000.0,"rope_type":"yarn","factor":4.0,"beta_fast":32.0,
      "original_max_position_embeddings":32768})";
  read_rope_scaling(parse_json(std::string(R"({"rope_parameters":)") + parameters + "}", "c"), "c", yarn);
  EXPECT_EQ(yarn.config.require_int("rope.scaling.original_context_length"), 32768);
  EXPECT_EQ(rope_scaling_of(yarn)["beta_fast"], 32.0);
  EXPECT_EQ(yarn.config.find_number("rope.freq_base"), 500000.0);  // a top-level value wins
}

TEST(RopeScaling, LongropeBecomesTwoWeightsAndBack) {
  auto model = with_head_size(4);
  const Json config = parse_json(R"({"max_position_embeddings": 4096, "original_max_position_embeddings": 1024,
      "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.5], "long_factor": [2.5, 8.0]}})",
                                 "c");
  read_rope_scaling(config, "config.json", model);
  EXPECT_EQ(model::decode_all(model.tensors.at("rope_factors_short.weight")), (std::vector<float>{1, 1.5}));
  EXPECT_EQ(model::decode_all(model.tensors.at("rope_factors_long.weight")), (std::vector<float>{2.5, 8}));
  EXPECT_EQ(model.config.require_int("rope.scaling.original_context_length"), 1024);
  // sqrt(1 + ln 4 / ln 1024) = sqrt(1.2)
  EXPECT_NEAR(*model.config.find_number("rope.scaling.attn_factor"), 1.0954451, 1e-6);
  const Json back = rope_scaling_of(model);
  EXPECT_EQ(back["short_factor"], config["rope_scaling"]["short_factor"]);
  EXPECT_EQ(back["long_factor"], config["rope_scaling"]["long_factor"]);
  EXPECT_EQ(back["rope_type"], "longrope");
}

TEST(RopeScaling, LongropeWithoutFactorsIsRefused) {
  for (const char* text :
       {R"({"rope_type": "longrope", "long_factor": [1, 2]})",
        R"({"rope_type": "longrope", "long_factor": [1, "2"], "short_factor": [1, 2]})",
        R"({"rope_type": "longrope", "long_factor": [1, 2], "short_factor": [1, 2], "factor": -1})"}) {
    auto model = with_head_size(4);
    Json config = parse_json(R"({"max_position_embeddings": 64})", "c");
    config["rope_scaling"] = parse_json(text, "c");
    EXPECT_THROW(read_rope_scaling(config, "config.json", model), Error) << text;
  }
}

TEST(RopeScaling, UnknownKindsAreRefused) {
  auto model = with_head_size(64);
  try {
    read_rope_scaling(parse_json(R"({"rope_scaling":{"type":"spiral","factor":2}})", "c"), "config.json", model);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(), testing::HasSubstr("config.json: rope_scaling of type \"spiral\""));
  }
}

}  // namespace
}  // namespace adze::formats
