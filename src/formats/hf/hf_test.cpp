// Hugging Face folders: what they become, and that they come back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "formats/hf/read_hf.h"
#include "formats/hf/write_hf.h"
#include "formats/safetensors/write_safetensors.h"
#include "formats/test_folder.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kTinyStories = "../shared/data/lm/tinystories-656k";

std::vector<std::byte> bytes_of(const model::Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto rows = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return {rows.begin(), rows.end()};
}

model::Tensor noise(const std::string& name, const Shape& shape, StorageType storage) {
  std::vector<float> values(static_cast<size_t>(shape.element_count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i * i + name.size()));
  std::vector<std::byte> bytes(static_cast<size_t>(checked_tensor_bytes(*storage, shape, name)));
  for (int64_t row = 0; row < shape.row_count(); ++row) {
    codecs::codec_of(storage).encode(values.data() + row * shape.row_length(), nullptr,
                                     bytes.data() + row * row_bytes(*storage, shape.row_length()), shape.row_length());
  }
  return model::owned_tensor(name, shape, storage, std::move(bytes));
}

constexpr const char* kConfig = R"({
  "architectures": ["LlamaForCausalLM"],
  "attention_bias": true,
  "custom_key": {"kept": [1, 2.50]},
  "head_dim": 6,
  "hidden_size": 8,
  "intermediate_size": 12,
  "max_position_embeddings": 128,
  "model_type": "llama",
  "num_attention_heads": 2,
  "num_hidden_layers": 1,
  "num_key_value_heads": 1,
  "rms_norm_eps": 1e-5,
  "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                   "original_max_position_embeddings": 8192},
  "rope_theta": 500000.0,
  "torch_dtype": "DTYPE",
  "vocab_size": 5
}
)";

/// A folder with one layer, biases and its own head size.
std::string small_folder(const std::string& folder, StorageType storage, const std::string& dtype) {
  fs::create_directories(folder);
  std::string config = kConfig;
  config.replace(config.find("DTYPE"), 5, dtype);
  write_text_file(folder + "/config.json", config);
  write_text_file(folder + "/README.md", "---\nlicense: mit\n---\n");
  write_text_file(folder + "/generation_config.json", "{\"temperature\": 0.6, \"top_k\": 50}\n");
  model::Model model;
  const std::string layer = "model.layers.0.";
  const std::vector<std::pair<std::string, Shape>> weights = {
      {"model.embed_tokens.weight", {5, 8}},
      {"model.norm.weight", {8}},
      {"lm_head.weight", {5, 8}},
      {layer + "input_layernorm.weight", {8}},
      {layer + "post_attention_layernorm.weight", {8}},
      {layer + "self_attn.q_proj.weight", {12, 8}},
      {layer + "self_attn.q_proj.bias", {12}},
      {layer + "self_attn.k_proj.weight", {6, 8}},
      {layer + "self_attn.k_proj.bias", {6}},
      {layer + "self_attn.v_proj.weight", {6, 8}},
      {layer + "self_attn.v_proj.bias", {6}},
      {layer + "self_attn.o_proj.weight", {8, 12}},
      {layer + "mlp.gate_proj.weight", {12, 8}},
      {layer + "mlp.up_proj.weight", {12, 8}},
      {layer + "mlp.down_proj.weight", {8, 12}},
  };
  for (const auto& [name, shape] : weights) model.tensors.add(noise(name, shape, storage));
  write_safetensors(model, folder + "/model.safetensors");
  return folder;
}

TEST(ReadHf, GivesCanonicalNamesAndSettings) {
  const auto model = read_model(small_folder(test_folder() + "/m", &codecs::bf16.info, "bfloat16"));
  EXPECT_EQ(model.format, "hf");
  EXPECT_EQ(model.architecture, "llama");
  EXPECT_EQ(*model.config.find("attention.head_count_kv"), model::Value(1u));
  EXPECT_EQ(*model.config.find("attention.layer_norm_rms_epsilon"), model::Value(1e-5f));
  EXPECT_EQ(model.config.require_int("attention.value_length"), 6);
  EXPECT_EQ(model.config.require_int("rope.dimension_count"), 6);
  EXPECT_EQ(model.metadata.find_string("license"), "mit");
  EXPECT_EQ(model.generation.find_number("temperature"), 0.6);
  EXPECT_EQ(model.tensors.begin()->name, "rope_freqs.weight");
  EXPECT_EQ(model.tensors.at("blk.0.attn_q.weight").shape, (Shape{12, 8}));
}

TEST(ReadHf, RotaryRowsBecomePairs) {
  const auto folder = small_folder(test_folder() + "/m", &codecs::f32.info, "float32");
  const auto model = read_hf(folder);
  const auto q = model::decode_all(model.tensors.at("blk.0.attn_q.weight"));
  const auto bias = model::decode_all(model.tensors.at("blk.0.attn_q.bias"));
  const auto source = model::decode_all(noise("model.layers.0.self_attn.q_proj.weight", {12, 8}, &codecs::f32.info));
  const auto source_bias = model::decode_all(noise("model.layers.0.self_attn.q_proj.bias", {12}, &codecs::f32.info));
  // Two heads of six: rows 0 1 2 | 3 4 5 of a head become 0 3 1 4 2 5.
  const size_t order[] = {0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11};
  for (size_t row = 0; row < 12; ++row) {
    EXPECT_EQ(bias[row], source_bias[order[row]]);
    for (size_t column = 0; column < 8; ++column) EXPECT_EQ(q[row * 8 + column], source[order[row] * 8 + column]);
  }
}

class HfRoundTrip : public testing::TestWithParam<std::pair<const codecs::Codec*, const char*>> {};

TEST_P(HfRoundTrip, ThroughGgufIsBitExact) {
  const auto [codec, dtype] = GetParam();
  const auto root = test_folder();
  const auto source = small_folder(root + "/source", &codec->info, dtype);
  const auto& gguf = format_named("gguf");
  gguf.write(read_model(source), root + "/m.gguf", {});
  const auto from_gguf = read_model(root + "/m.gguf");
  format_named("hf").write(from_gguf, root + "/back", {});
  gguf.write(read_model(root + "/back"), root + "/again.gguf", {});

  const auto original = read_model(source);
  const auto back = read_model(root + "/back");
  ASSERT_EQ(original.tensors.size(), back.tensors.size());
  for (const auto& tensor : original.tensors) {
    EXPECT_EQ(bytes_of(back.tensors.at(tensor.name)), bytes_of(tensor)) << tensor.name;
  }
  const auto again = read_model(root + "/again.gguf");
  for (const auto& tensor : from_gguf.tensors) {
    EXPECT_EQ(bytes_of(again.tensors.at(tensor.name)), bytes_of(tensor)) << tensor.name;
  }
  EXPECT_EQ(again.config, from_gguf.config);
  const Json config = read_json_file(root + "/back/config.json");
  Json expected = read_json_file(source + "/config.json");
  expected.erase("custom_key");
  expected["hidden_act"] = "silu";
  EXPECT_EQ(nlohmann::json(config), nlohmann::json(expected));
  EXPECT_EQ(read_json_file(root + "/back/generation_config.json")["temperature"], 0.6);
}

INSTANTIATE_TEST_SUITE_P(PlainTypes, HfRoundTrip,
                         testing::Values(std::pair{&codecs::f32, "float32"}, std::pair{&codecs::f16, "float16"},
                                         std::pair{&codecs::bf16, "bfloat16"}));

TEST(WriteHf, SameFormatKeepsEverything) {
  const auto root = test_folder();
  const auto source = small_folder(root + "/source", &codecs::f16.info, "float16");
  write_hf(read_hf(source), root + "/copy");
  for (const char* name : {"config.json", "README.md", "generation_config.json"}) {
    EXPECT_EQ(read_text_file(root + "/copy/" + name), read_text_file(source + "/" + name)) << name;
  }
  EXPECT_THROW(write_hf(read_hf(source), root + "/copy"), Error);  // never into a folder that holds something
}

TEST(WriteHf, PicksTheClassThatTheConfigNeeds) {
  const auto root = test_folder();
  auto model = read_hf(small_folder(root + "/source", &codecs::f16.info, "float16"));
  model.side_files.clear();
  model.config.set("attention.sliding_window", 4096u);
  model.config.set("rope.dimension_count", 3u);
  write_hf(model, root + "/out");
  const Json config = read_json_file(root + "/out/config.json");
  EXPECT_EQ(config["model_type"], "mistral");
  EXPECT_EQ(config["architectures"][0], "MistralForCausalLM");
  EXPECT_EQ(config["sliding_window"], 4096);
  EXPECT_EQ(config["partial_rotary_factor"], 0.5);
}

std::string read_error(const std::string& folder) {
  try {
    read_hf(folder);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(ReadHf, ErrorsNameTheFileAndTheKey) {
  const auto folder = small_folder(test_folder() + "/m", &codecs::f32.info, "float32");
  const auto with = [&](const std::string& key, const Json& value) {
    Json config = parse_json(kConfig, "config");
    config[key] = value;
    write_text_file(folder + "/config.json", config.dump());
    return read_error(folder);
  };
  EXPECT_EQ(with("vocab_size", 5), "no error");
  EXPECT_THAT(with("hidden_size", "8"), HasSubstr("config.json: \"hidden_size\" must be a whole number"));
  EXPECT_THAT(with("hidden_size", -8), HasSubstr("must be a whole number"));
  EXPECT_THAT(with("rms_norm_eps", true), HasSubstr("must be a number"));
  EXPECT_THAT(with("num_attention_heads", 5), HasSubstr("does not divide into 5 heads"));
  EXPECT_THAT(with("num_attention_heads", 0), HasSubstr("0 heads"));
  EXPECT_THAT(with("architectures", Json::array({"FooForCausalLM"})), HasSubstr("[FooForCausalLM] is not supported"));
  EXPECT_THAT(with("partial_rotary_factor", 7), HasSubstr("partial_rotary_factor"));
  write_text_file(folder + "/config.json", "[]");
  EXPECT_THAT(read_error(folder), HasSubstr("not a JSON object"));
}

TEST(ReadHf, ReadsChatTemplatesFromEveryPlace) {
  const auto folder = small_folder(test_folder() + "/m", &codecs::f32.info, "float32");
  write_text_file(folder + "/tokenizer_config.json", R"({"chat_template":[{"name":"default","template":"old"},
      {"name":"tool_use","template":"tools"}]})");
  write_text_file(folder + "/chat_template.jinja", "new");
  fs::create_directories(folder + "/additional_chat_templates");
  write_text_file(folder + "/additional_chat_templates/rag.jinja", "rag");
  const auto model = read_hf(folder);
  EXPECT_EQ(*model.chat_template(), "new");
  ASSERT_EQ(model.chat_templates.size(), 3u);
  EXPECT_EQ(model.chat_templates[1].second, "tools");
  EXPECT_EQ(model.chat_templates[2].first, "rag");
}

TEST(ReadHf, ReadsARealFolder) {
  if (!fs::exists(kTinyStories)) GTEST_SKIP() << kTinyStories << " is not there";
  const auto model = read_model(kTinyStories);
  EXPECT_EQ(model.tensors.size(), 20u);
  EXPECT_EQ(model.tensors.at("token_embd.weight").shape, (Shape{2048, 128}));  // stored as lm_head.weight, tied
  EXPECT_FALSE(model.tensors.contains("output.weight"));
  EXPECT_EQ(model.metadata.find_string("size_label"), "656K");
  ASSERT_TRUE(model.tokenizer);
  EXPECT_EQ(model.tokenizer->tokens.size(), 2048u);
}

TEST(WriteHf, ARealFolderComesBackByteForByte) {
  if (!fs::exists(kTinyStories)) GTEST_SKIP() << kTinyStories << " is not there";
  const auto out = test_folder() + "/copy";
  write_hf(read_hf(kTinyStories), out);
  for (const char* name : {"config.json", "generation_config.json", "special_tokens_map.json", "tokenizer.json",
                           "tokenizer_config.json"}) {
    EXPECT_EQ(read_text_file(out + "/" + name), read_text_file(kTinyStories + "/" + name)) << name;
  }
}

}  // namespace
}  // namespace adze::formats
