// Readers of adapters against what they must refuse, and the numbers that adapter_config.json means.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "adapters/adapter_format.h"
#include "adapters/gguf_adapter.h"
#include "adapters/peft_config.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "formats/gguf/write_gguf.h"
#include "formats/safetensors/write_safetensors.h"
#include "formats/test_folder.h"

namespace adze::adapters {
namespace {

constexpr const char* kBase = "tests/golden/architectures/llama_plain";  // width 32, 4 heads, 2 key heads, 64 tokens
constexpr const char* kQuery = "base_model.model.model.layers.0.self_attn.q_proj";

model::Tensor matrix(const std::string& name, Shape shape) {
  std::vector<float> values(static_cast<size_t>(shape.element_count()), 0.5f);
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return model::owned_tensor(name, std::move(shape), &codecs::f32.info, std::move(bytes));
}

using Tensors = std::vector<model::Tensor>;

Tensors query_pair(int64_t rank = 4) {
  return {matrix(std::string(kQuery) + ".lora_A.weight", {rank, 32}),
          matrix(std::string(kQuery) + ".lora_B.weight", {32, rank})};
}

void write_tensors(const std::string& path, const Tensors& tensors) {
  model::Model bare;
  for (const auto& tensor : tensors) bare.tensors.add(tensor);
  formats::write_safetensors(bare, path);
}

std::string peft_folder(const std::string& config, const Tensors& tensors) {
  const auto folder = formats::test_folder();
  write_text_file(folder + "/adapter_config.json", config);
  write_tensors(folder + "/adapter_model.safetensors", tensors);
  return folder;
}

std::string mlx_folder(const std::string& config, const Tensors& tensors) {
  const auto folder = formats::test_folder();
  write_text_file(folder + "/adapter_config.json", config);
  write_tensors(folder + "/adapters.safetensors", tensors);
  return folder;
}

/// The message of the error that reading ends in; empty when it succeeds.
std::string refusal(const std::string& path) {
  try {
    read_adapter(path, formats::read_model(kBase, {.tokenizer = false}));
    return {};
  } catch (const Error& error) {
    EXPECT_NE(error.code(), ErrorCode::internal);
    return error.what();
  }
}

constexpr const char* kConfig = R"({"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]})";

TEST(PeftAdapter, IsReadWithItsScale) {
  const auto adapter = read_adapter(peft_folder(kConfig, query_pair()), formats::read_model(kBase));
  ASSERT_EQ(adapter.changes.size(), 1u);
  EXPECT_EQ(adapter.changes[0].weight, "blk.0.attn_q.weight");
  EXPECT_EQ(adapter.changes[0].scale, 2);
  EXPECT_EQ(adapter.changes[0].rank(), 4);
}

TEST(PeftAdapter, RanksThatDisagreeAreRefused) {
  EXPECT_NE(refusal(peft_folder(kConfig, query_pair(8))).find("rank 8, but adapter_config.json says 4"),
            std::string::npos);
  auto lying = query_pair();
  lying[1] = matrix(lying[1].name, {32, 3});
  EXPECT_NE(refusal(peft_folder(kConfig, lying)).find("must be"), std::string::npos);
}

TEST(PeftAdapter, ShapesThatDoNotFitTheModelAreRefused) {
  for (const Shape& shape : {Shape{4, 31}, Shape{4, 64}}) {
    auto lying = query_pair();
    lying[0] = matrix(lying[0].name, shape);
    EXPECT_NE(refusal(peft_folder(kConfig, lying)).find("blk.0.attn_q.weight"), std::string::npos);
  }
  auto flat = query_pair();
  flat[0] = matrix(flat[0].name, {128});
  EXPECT_NE(refusal(peft_folder(kConfig, flat)).find("2 dimensions"), std::string::npos);
  auto tall = query_pair();
  tall[1] = matrix(tall[1].name, {30, 4});  // does not even divide into heads
  EXPECT_FALSE(refusal(peft_folder(kConfig, tall)).empty());
}

TEST(PeftAdapter, TensorsThatAreNoPartOfItAreRefused) {
  const auto with = [](const std::string& name, const Shape& shape) {
    auto tensors = query_pair();
    tensors.push_back(matrix(name, shape));
    return refusal(peft_folder(kConfig, tensors));
  };
  EXPECT_NE(with("base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight", {4, 32}).find("half a pair"),
            std::string::npos);
  EXPECT_NE(with(std::string(kQuery) + ".lora_B.bias", {32}).find("lora_B.bias"), std::string::npos);
  EXPECT_NE(with("model.layers.0.self_attn.k_proj.lora_A.weight", {4, 32}).find("does not begin"), std::string::npos);
  EXPECT_NE(with("base_model.model.model.layers.0.mlp.invented.weight", {4, 32}).find("invented"), std::string::npos);
  EXPECT_NE(with("base_model.model.lm_head.weight", {65, 32}).find("output.weight"), std::string::npos);
  EXPECT_NE(with("base_model.model.../../../etc/passwd", {4, 32}).find("no part"), std::string::npos);
  EXPECT_NE(with(std::string(kQuery) + ".lora_A.default.weight", {4, 32}).find("say the same"), std::string::npos);
  EXPECT_NE(with(std::string(kQuery) + ".lora_magnitude_vector", {32}).find("use_dora false"), std::string::npos);
}

TEST(PeftAdapter, LayersThatTheModelLacksAreRefused) {
  const Tensors tensors = {matrix("base_model.model.model.layers.7.self_attn.q_proj.lora_A.weight", {4, 32}),
                           matrix("base_model.model.model.layers.7.self_attn.q_proj.lora_B.weight", {32, 4})};
  EXPECT_NE(refusal(peft_folder(kConfig, tensors)).find("blk.7.attn_q.weight"), std::string::npos);
}

TEST(PeftAdapter, ConfigsThatMeanSomethingElseAreRefused) {
  for (const char* setting :
       {R"("peft_type": "LOHA")", R"("lora_bias": true)", R"("use_qalora": true)", R"("alora_invocation_tokens": [1])",
        R"("target_parameters": ["experts"])", R"("layer_replication": [[0, 2]])", R"("trainable_token_indices": [3])",
        R"("r": 0)", R"("r": -4)", R"("r": 1e300)", R"("r": "four")", R"("lora_alpha": [])", R"("rank_pattern": [1])",
        R"("rank_pattern": {"q_proj": "x"})", R"("rank_pattern": {"(": 4})", R"("target_modules": "(")",
        R"("target_modules": [1])", R"("layers_to_transform": "all")", R"("use_dora": "yes")"}) {
    const std::string config = std::string("{") + setting + R"(, "lora_alpha": 8, "r": 4})";
    EXPECT_FALSE(
        refusal(peft_folder(std::string("{\"r\": 4, \"lora_alpha\": 8, ") + setting + "}", query_pair())).empty())
        << config;
  }
  EXPECT_FALSE(refusal(peft_folder("[]", query_pair())).empty());
  EXPECT_FALSE(refusal(peft_folder("{", query_pair())).empty());
  EXPECT_NE(refusal(peft_folder(kConfig, {})).find("changes nothing"), std::string::npos);
}

TEST(PeftConfig, ScalesFollowPatterns) {
  const PeftConfig config(Json::parse(R"({"r": 4, "lora_alpha": 8,
      "rank_pattern": {"v_proj": 2, "layers\\.1\\..*": 16},
      "alpha_pattern": {"model.layers.0.self_attn.v_proj": 3, ".*k_proj": 1}})"),
                          "config");
  EXPECT_EQ(config.rank_of("model.layers.0.self_attn.q_proj"), 4);
  EXPECT_EQ(config.rank_of("model.layers.1.self_attn.v_proj"), 2);  // the first pattern that matches
  EXPECT_EQ(config.rank_of("model.layers.1.self_attn.q_proj"), 16);
  EXPECT_EQ(config.rank_of("model.layers.0.self_attn.xv_proj"), 4);  // whole parts of names only
  EXPECT_EQ(config.scale_of("model.layers.0.self_attn.v_proj"), 1.5);
  EXPECT_EQ(config.scale_of("model.layers.0.self_attn.k_proj"), 0.25);
  EXPECT_EQ(config.scale_of("model.layers.0.self_attn.q_proj"), 2);
}

TEST(PeftConfig, RankStabilizedScalesDivideByTheRoot) {
  const PeftConfig config(Json::parse(R"({"r": 9, "lora_alpha": 6, "use_rslora": true})"), "config");
  EXPECT_EQ(config.scale_of("any"), 2);
}

TEST(PeftConfig, NamesModulesAsPeftDoes) {
  const PeftConfig endings(Json::parse(R"({"target_modules": ["q_proj"], "layers_to_transform": [1]})"), "config");
  EXPECT_TRUE(endings.names("model.layers.1.self_attn.q_proj"));
  EXPECT_FALSE(endings.names("model.layers.0.self_attn.q_proj"));
  EXPECT_FALSE(endings.names("model.layers.1.self_attn.xq_proj"));
  const PeftConfig expression(
      Json::parse(R"({"target_modules": ".*\\.(q|v)_proj", "exclude_modules": ["layers.0.v_proj"]})"), "config");
  EXPECT_TRUE(expression.names("model.layers.1.self_attn.v_proj"));
  EXPECT_FALSE(expression.names("model.layers.0.v_proj"));
  EXPECT_FALSE(expression.names("model.layers.0.q_proj.more"));
}

TEST(MlxAdapter, SettingsThatAreMissingOrWrongAreRefused) {
  const Tensors tensors = {matrix("model.layers.0.self_attn.q_proj.lora_a", {32, 4}),
                           matrix("model.layers.0.self_attn.q_proj.lora_b", {4, 32})};
  EXPECT_EQ(refusal(mlx_folder(R"({"num_layers": 2, "lora_parameters": {"rank": 4, "scale": 2.0}})", tensors)), "");
  EXPECT_NE(refusal(mlx_folder(R"({"num_layers": 2})", tensors)).find("scale"), std::string::npos);
  EXPECT_FALSE(refusal(mlx_folder(R"({"lora_parameters": {"scale": "2"}})", tensors)).empty());
  EXPECT_NE(refusal(mlx_folder(R"({"fine_tune_type": "other"})", tensors)).find("other"), std::string::npos);
  EXPECT_NE(
      refusal(mlx_folder(R"({"fine_tune_type": "dora", "lora_parameters": {"scale": 2}})", tensors)).find("magnitude"),
      std::string::npos);
  EXPECT_FALSE(refusal(mlx_folder(R"({"fine_tune_type": "full"})", tensors)).empty());
  EXPECT_NE(refusal(mlx_folder(R"({"lora_parameters": {"scale": 2}})", {tensors[0]})).find("half a pair"),
            std::string::npos);
}

// ---- GGUF

std::string gguf_file(const std::string& architecture, const std::string& type, const Tensors& tensors) {
  model::Model file;
  file.architecture = architecture;
  file.metadata.set("type", std::string("adapter"));
  file.other.set("adapter.type", type);
  file.other.set("adapter.lora.alpha", 8.0f);
  file.key_order = {"general.architecture", "general.type"};
  for (const auto& tensor : tensors) file.tensors.add(tensor);
  const auto path = formats::test_folder() + "/adapter.gguf";
  formats::write_gguf(file, path);
  return path;
}

TEST(GgufAdapter, IsReadWithItsScale) {
  const auto path = gguf_file(
      "llama", "lora", {matrix("blk.1.ffn_up.weight.lora_a", {2, 32}), matrix("blk.1.ffn_up.weight.lora_b", {48, 2})});
  const auto adapter = read_adapter(path, formats::read_model(kBase));
  ASSERT_EQ(adapter.changes.size(), 1u);
  EXPECT_EQ(adapter.changes[0].scale, 4);
}

TEST(GgufAdapter, FilesThatDoNotFitAreRefused) {
  const Tensors pair = {matrix("blk.1.ffn_up.weight.lora_a", {2, 32}), matrix("blk.1.ffn_up.weight.lora_b", {48, 2})};
  EXPECT_NE(refusal(gguf_file("phi3", "lora", pair)).find("architecture"), std::string::npos);
  EXPECT_NE(refusal(gguf_file("llama", "other", pair)).find("other"), std::string::npos);
  EXPECT_NE(refusal(gguf_file("llama", "lora", {pair[0]})).find("half a pair"), std::string::npos);
  EXPECT_NE(refusal(gguf_file("llama", "lora", {matrix("blk.1.ffn_up.weight", {48, 32})})).find("no part"),
            std::string::npos);
  EXPECT_NE(
      refusal(gguf_file("llama", "lora", {pair[0], matrix("blk.1.ffn_up.weight.lora_b", {48, 3})})).find("must be"),
      std::string::npos);
  const auto model = formats::test_folder() + "/model.gguf";
  formats::write_gguf(formats::read_model(kBase), model);
  EXPECT_NE(refusal(model).find("no adapter"), std::string::npos);
}

TEST(AdapterFormats, OtherPathsAreRefused) {
  EXPECT_NE(refusal("no/such/folder").find("no such file"), std::string::npos);
  EXPECT_NE(refusal(kBase).find("not an adapter"), std::string::npos);
}

}  // namespace
}  // namespace adze::adapters
