// What ONNX Runtime GenAI's model builder writes: names, fused projections, and settings that only the graph shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/ort_genai/builder_config.h"
#include "formats/ort_genai/builder_weights.h"
#include "formats/test_small_model.h"
#include "ops/standard/narrow_floats.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

const architectures::Architecture& llama() { return architectures::architecture_named("llama"); }

std::vector<std::string> names_of(const std::vector<model::Tensor>& tensors) {
  std::vector<std::string> names;
  for (const auto& tensor : tensors) names.push_back(tensor.name);
  return names;
}

TEST(BuilderWeights, HaveTheNamesOfTheClass) {
  const auto f32 = type_named("f32");
  const auto tensors = builder_weights(
      {noise("lm_head.MatMul.weight", {24, 32}, f32), noise("model.layers.1.final_norm_layernorm.weight", {32}, f32),
       noise("model.layers.0.attn.o_proj.MatMul.weight", {32, 32}, f32),
       noise("model.layers.0.attn.q_norm.layernorm.weight", {8}, f32)},
      llama(), {32, 16});
  EXPECT_THAT(names_of(tensors),
              testing::ElementsAre("model.embed_tokens.weight", "model.norm.weight",
                                   "model.layers.0.self_attn.o_proj.weight", "model.layers.0.self_attn.q_norm.weight"));
}

TEST(BuilderWeights, FusedProjectionsComeApartByRows) {
  const auto whole = noise("model.layers.0.attn.qkv_proj.MatMul.weight", {64, 32}, type_named("int4_g32_f32"));
  const auto bias = noise("model.layers.0.attn.qkv_proj.Add.bias", {64}, type_named("f32"));
  const auto tensors = builder_weights({whole, bias}, llama(), {32, 16});
  ASSERT_EQ(tensors.size(), 6u);
  EXPECT_EQ(tensors[1].name, "model.layers.0.self_attn.k_proj.weight");
  EXPECT_EQ(tensors[5].name, "model.layers.0.self_attn.v_proj.bias");
  const auto all = model::decode_all(whole), keys = model::decode_all(tensors[1]);
  EXPECT_EQ(keys, std::vector<float>(all.begin() + 32 * 32, all.begin() + 48 * 32));
  const auto biases = model::decode_all(bias), values = model::decode_all(tensors[5]);
  EXPECT_EQ(values, std::vector<float>(biases.begin() + 48, biases.end()));
  EXPECT_THROW(builder_weights({whole}, llama(), {32, 32}), Error);
}

TEST(BuilderWeights, ApartProjectionsAreJoinedWhereTheClassHasOne) {
  const auto f32 = type_named("f32");
  const auto gate = noise("model.layers.0.mlp.gate_proj.MatMul.weight", {16, 32}, f32);
  const auto up = noise("model.layers.0.mlp.up_proj.MatMul.weight", {16, 32}, f32);
  const auto tensors = builder_weights({up, gate}, architectures::architecture_named("phi3"), {32, 32});
  ASSERT_EQ(tensors.size(), 1u);
  EXPECT_EQ(tensors[0].name, "model.layers.0.mlp.gate_up_proj.weight");
  auto expected = model::decode_all(gate);
  std::ranges::copy(model::decode_all(up), std::back_inserter(expected));
  EXPECT_EQ(model::decode_all(tensors[0]), expected);
}

OnnxTensor floats(const char* name, const std::vector<int64_t>& dims, const std::vector<float>& values, OnnxType type) {
  HostTensor numbers(type_named("f32"), dims);
  std::ranges::copy(values, numbers.fill<float>().begin());
  if (type == OnnxType::float16) numbers = ops::narrow_floats(numbers, type_named("f16"));
  const auto bytes = numbers.bytes();
  return owned_onnx_tensor(name, dims, type, {bytes.begin(), bytes.end()});
}

/// Of heads of 16, with these angles of one step.
OnnxModel graph_with_angles(const std::vector<double>& steps, int64_t positions = 64,
                            OnnxType type = OnnxType::float32) {
  std::vector<float> cosines, sines;
  for (int64_t position = 0; position < positions; ++position) {
    for (const double step : steps) {
      cosines.push_back(static_cast<float>(std::cos(static_cast<double>(position) * step)));
      sines.push_back(static_cast<float>(std::sin(static_cast<double>(position) * step)));
    }
  }
  const auto pairs = static_cast<int64_t>(steps.size());
  OnnxModel onnx;
  onnx.graph.initializers = {floats("cos_cache", {positions, pairs}, cosines, type),
                             floats("sin_cache", {positions, pairs}, sines, type)};
  OnnxNode norm, attention;
  norm.op = "SimplifiedLayerNormalization";
  norm.attributes = {{"epsilon", 1e-6F}};
  attention.op = "GroupQueryAttention";
  attention.attributes = {{"scale", 0.25F}};
  onnx.graph.nodes = {norm, attention};
  return onnx;
}

Json genai_of(const char* type) {
  return Json::parse(R"({"model": {"type": ")" + std::string(type) + R"(", "context_length": 64, "vocab_size": 24,
    "eos_token_id": [2, 3], "decoder": {"head_size": 16, "hidden_size": 32, "num_attention_heads": 2,
    "num_key_value_heads": 1, "num_hidden_layers": 1}}, "search": {"do_sample": false, "temperature": 1.0}})");
}

std::vector<double> steps_of(double base) {
  std::vector<double> steps;
  for (int pair = 0; pair < 8; ++pair) steps.push_back(std::pow(base, -pair / 8.0));
  return steps;
}

const std::vector<model::Tensor>& some_weights() {
  static const std::vector<model::Tensor> weights{
      noise("model.layers.0.mlp.up_proj.MatMul.weight", {48, 32}, type_named("f32"))};
  return weights;
}

TEST(BuilderConfig, FollowsFromTheGraph) {
  const auto made = builder_config(genai_of("llama"), graph_with_angles(steps_of(500000)), some_weights());
  EXPECT_EQ(made["architectures"][0], "LlamaForCausalLM");
  EXPECT_EQ(made["rope_theta"], 500000.0);
  EXPECT_EQ(made["rms_norm_eps"], 1e-6);
  EXPECT_EQ(made["intermediate_size"], 48);
  EXPECT_EQ(made["tie_word_embeddings"], true);
  EXPECT_EQ(builder_generation(genai_of("llama"))["eos_token_id"], Json::parse("[2, 3]"));
}

TEST(BuilderConfig, FollowsFromTablesOfFloat16AndPlainAttention) {
  auto onnx = graph_with_angles(steps_of(100000), 4096, OnnxType::float16);
  OnnxNode turning;
  turning.op = "RotaryEmbedding";
  onnx.graph.nodes[1].op = "MultiHeadAttention";
  EXPECT_THROW(builder_config(genai_of("llama"), onnx, some_weights()), Error);  // nothing says how heads are turned
  onnx.graph.nodes.push_back(turning);
  EXPECT_EQ(builder_config(genai_of("llama"), onnx, some_weights())["rope_theta"], 100000.0);
  auto stretched = steps_of(100000);
  for (size_t pair = 3; pair < stretched.size(); ++pair) stretched[pair] /= 1.5;
  const auto long_context = graph_with_angles(stretched, 4096, OnnxType::float16);
  EXPECT_THROW(builder_config(genai_of("llama"), long_context, some_weights()), Error);
}

TEST(BuilderConfig, AsksForWhatTheGraphDoesNotShow) {
  const auto said = [](const char* type, const OnnxModel& onnx) {
    try {
      builder_config(genai_of(type), onnx, some_weights());
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto plain = graph_with_angles(steps_of(10000));
  EXPECT_THAT(said("gemma2", plain), HasSubstr("query_pre_attn_scalar"));
  EXPECT_THAT(said("unheard", plain), HasSubstr("put the config.json"));
  auto scaled = plain;
  scaled.graph.nodes[1].attributes = {{"scale", 0.5F}};
  EXPECT_THAT(said("llama", scaled), HasSubstr("scale"));
  auto stretched = steps_of(10000);
  for (size_t pair = 3; pair < stretched.size(); ++pair) stretched[pair] /= 8;
  EXPECT_THAT(said("llama", graph_with_angles(stretched)), HasSubstr("stretched"));
  auto odd = steps_of(10000);
  odd[6] *= 1.5;
  EXPECT_THAT(said("llama", graph_with_angles(odd)), HasSubstr("no base"));
}

}  // namespace
}  // namespace adze::formats
