#include "pipeline/mlx_recipe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "base/error.h"
#include "base/json.h"
#include "codecs/codec.h"

namespace adze::pipeline {
namespace {

using testing::HasSubstr;

const std::vector<quantize::TensorToStore> kTensors = {
    {"token_embd.weight", {64, 64}, &codecs::f16.info},         {"blk.0.attn_norm.weight", {64}, &codecs::f32.info},
    {"blk.0.attn_q.weight", {64, 64}, &codecs::f16.info},       {"blk.12.ffn_down.weight", {64, 64}, &codecs::f16.info},
    {"blk.12.attn_output.weight", {64, 64}, &codecs::f16.info},
};

Json block_of(const std::vector<StorageType>& types) {
  const Json config = parse_json(mlx_quantization_block("llama", kTensors, types), "the block");
  EXPECT_EQ(config.at("quantization"), config.at("quantization_config"));
  return config.at("quantization");
}

std::string error_of(const std::vector<StorageType>& types) {
  try {
    mlx_quantization_block("llama", kTensors, types);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(MlxRecipe, TheMostFrequentTypeIsThatOfAll) {
  const auto block =
      block_of({&codecs::q8_0.info, &codecs::f32.info, &codecs::q4_1.info, &codecs::f16.info, &codecs::q4_1.info});
  const Json expected = {{"group_size", 32},
                         {"bits", 4},
                         {"mode", "affine"},
                         {"model.embed_tokens", {{"group_size", 32}, {"bits", 8}, {"mode", "affine"}}},
                         {"model.layers.12.mlp.down_proj", false}};
  EXPECT_EQ(block, expected);
}

// Both are groups of 32 with a scale and an offset to MLX.
TEST(MlxRecipe, TypesThatMlxDoesNotTellApartShareAnEntry) {
  const auto block =
      block_of({&codecs::q4_0.info, &codecs::f32.info, &codecs::q4_1.info, &codecs::q4_0.info, &codecs::mxfp4.info});
  const Json expected = {{"group_size", 32},
                         {"bits", 4},
                         {"mode", "affine"},
                         {"model.layers.12.self_attn.o_proj", {{"group_size", 32}, {"bits", 4}, {"mode", "mxfp4"}}}};
  EXPECT_EQ(block, expected);
}

TEST(MlxRecipe, EveryEqualIsWhatMlxHolds) {
  const std::vector<std::tuple<StorageType, const char*, int, int>> equals = {
      {&codecs::q2_0.info, "affine", 2, 64},
      {&codecs::q4_0.info, "affine", 4, 32},
      {&codecs::q4_1.info, "affine", 4, 32},
      {&codecs::q5_0.info, "affine", 5, 32},
      {&codecs::q5_1.info, "affine", 5, 32},
      {&codecs::q8_0.info, "affine", 8, 32},
      {&codecs::mxfp4.info, "mxfp4", 4, 32},
      {&codecs::nvfp4.info, "nvfp4", 4, 16},
      {&codecs::require_codec("affine6_g64_bf16").info, "affine", 6, 64}};
  for (const auto& [type, mode, bits, group] : equals) {
    const auto block = block_of({type, &codecs::f32.info, type, type, type});
    EXPECT_EQ(block, Json({{"group_size", group}, {"bits", bits}, {"mode", mode}})) << type->name;
  }
  for (const StorageType none : {&codecs::iq4_nl.info, &codecs::q4_k.info, &codecs::q3_k.info, &codecs::q1_0.info}) {
    EXPECT_THAT(error_of({none, &codecs::f32.info, none, none, none}), HasSubstr("MLX has no equal")) << none->name;
  }
}

TEST(MlxRecipe, NamesWhatHasNoEqual) {
  const auto message =
      error_of({&codecs::q4_0.info, &codecs::f32.info, &codecs::q4_k.info, &codecs::q6_k.info, &codecs::q4_0.info});
  EXPECT_THAT(message, HasSubstr("'blk.0.attn_q.weight' as q4_k, 'blk.12.ffn_down.weight' as q6_k"));
  EXPECT_THAT(error_of({&codecs::f16.info, &codecs::f32.info, &codecs::f16.info, &codecs::f16.info, &codecs::f16.info}),
              HasSubstr("nothing is quantized"));
}

}  // namespace
}  // namespace adze::pipeline
