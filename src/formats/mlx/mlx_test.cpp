// MLX folders: what they become, that they come back, and that hostile ones end in an Error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iterator>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"
#include "formats/format.h"
#include "formats/mlx/group_arrays.h"
#include "formats/mlx/mlx_quantization.h"
#include "formats/safetensors/dtypes.h"
#include "formats/safetensors/read_safetensors.h"
#include "formats/safetensors/write_safetensors.h"
#include "formats/test_folder.h"
#include "formats/test_small_model.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

void expect_same_tensors(const model::Model& a, const model::Model& b) {
  ASSERT_EQ(a.tensors.size(), b.tensors.size());
  for (const auto& tensor : a.tensors) {
    const auto& other = b.tensors.at(tensor.name);
    EXPECT_EQ(other.storage->name, tensor.storage->name) << tensor.name;
    EXPECT_EQ(other.shape, tensor.shape) << tensor.name;
    EXPECT_EQ(bytes_of(other), bytes_of(tensor)) << tensor.name;
  }
}

class MlxRoundTrip : public testing::TestWithParam<const char*> {};

TEST_P(MlxRoundTrip, KeepsEveryByte) {
  const auto folder = test_folder() + "/m";
  const auto model = small_model(type_named(GetParam()), type_named("affine8_g64_f16"));
  format_named("mlx").write(model, folder, {});
  EXPECT_EQ(format_of(folder).name, "mlx");
  const auto back = read_model(folder);
  EXPECT_EQ(back.format, "mlx");
  expect_same_tensors(model, back);
}

INSTANTIATE_TEST_SUITE_P(Types, MlxRoundTrip,
                         testing::Values("affine2_g32_f16", "affine3_g64_bf16", "affine4_g64_f16", "affine5_g128_f16",
                                         "affine6_g32_f32", "affine8_g64_bf16", "mxfp8", "e2m1_g32_e8m0",
                                         "e2m1_g16_e4m3", "f16", "bf16"),
                         [](const auto& type) { return std::string(type.param); });

TEST(WriteMlx, LooksLikeWhatMlxWrites) {
  const auto folder = test_folder() + "/m";
  auto model = small_model(type_named("affine4_g64_f16"), type_named("affine6_g32_f16"));
  ThreadPool pool(3);
  format_named("mlx").write(model, folder, {.pool = &pool});
  const Json config = read_json_file(folder + "/config.json");
  EXPECT_EQ(config["quantization"]["bits"], 4);
  EXPECT_EQ(config["quantization"]["group_size"], 64);
  EXPECT_EQ(config["quantization"]["mode"], "affine");
  EXPECT_EQ(config["quantization"]["model.embed_tokens"]["bits"], 6);
  EXPECT_EQ(config["quantization"], config["quantization_config"]);
  EXPECT_EQ(config["tie_word_embeddings"], true);
  const Json index = read_json_file(folder + "/model.safetensors.index.json");
  EXPECT_EQ(index["metadata"]["total_parameters"], model.tensors.element_count());
  EXPECT_EQ(index["weight_map"]["model.layers.0.mlp.down_proj.scales"], "model.safetensors");
  EXPECT_EQ(read_safetensors(folder + "/model.safetensors").other.find_string("format"), "mlx");
  for (const auto& tensor : read_safetensors_folder(folder)) {
    if (tensor.name == "model.layers.0.mlp.down_proj.weight") {
      EXPECT_EQ(tensor.shape, (Shape{128, 256 * 4 / 32}));
      EXPECT_EQ(tensor.storage->name, "u32");
    }
    if (tensor.name == "model.layers.0.mlp.down_proj.biases") {
      EXPECT_EQ(tensor.shape, (Shape{128, 4}));
      EXPECT_EQ(tensor.storage, &codecs::f16.info);
    }
  }
}

TEST(WriteMlx, ShardsKeepTheArraysOfAWeightTogetherInOrder) {
  const auto folder = test_folder() + "/m";
  const auto model = small_model(type_named("affine4_g64_f16"), type_named("affine4_g64_f16"));
  format_named("mlx").write(model, folder, {.max_shard_bytes = 20'000});
  EXPECT_FALSE(fs::exists(folder + "/model.safetensors"));
  EXPECT_GT(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 4);
  expect_same_tensors(model, read_model(folder));
}

// Computing rows may be expensive: they are asked for once.
TEST(WriteMlx, RowsAreComputedOnce) {
  struct Counting final : model::TensorSource {
    explicit Counting(model::Tensor inner) : tensor(std::move(inner)) {}
    std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
      asked += count;
      return tensor.source->rows(first, count, scratch);
    }
    std::string where() const override { return "test"; }
    model::Tensor tensor;
    mutable int64_t asked = 0;
  };
  auto tensor = noise("a.weight", {32, 128}, type_named("affine4_g32_f16"));
  const auto counting = std::make_shared<Counting>(tensor);
  tensor.source = counting;
  const auto arrays = split_arrays(tensor);
  ASSERT_EQ(arrays.size(), 3u);
  for (const auto& array : arrays) {
    EXPECT_EQ(bytes_of(array).size(), static_cast<size_t>(array.byte_size()));
    array.source->release(0, 32);
  }
  EXPECT_EQ(counting->asked, 32);
  EXPECT_EQ(bytes_of(arrays[1]), bytes_of(split_arrays(counting->tensor)[1]));  // and again when nothing is kept
  EXPECT_EQ(counting->asked, 64);
}

model::Model without_layers(const char* architecture, const std::vector<std::pair<const char*, uint32_t>>& more) {
  model::Model model;
  model.architecture = architecture;
  for (const auto& [key, value] : more) model.config.set(key, value);
  for (const char* key : {"block_count", "attention.head_count", "attention.head_count_kv"}) {
    model.config.set(key, uint32_t{1});
  }
  model.config.set("embedding_length", uint32_t{64});
  model.config.set("context_length", uint32_t{32});
  model.tensors.add(noise("token_embd.weight", {24, 64}, &codecs::f16.info));
  return model;
}

Shape shape_of(const std::string& folder, const std::string& name) {
  for (const auto& tensor : read_safetensors_folder(folder)) {
    if (tensor.name == name) return tensor.shape;
  }
  return {};
}

TEST(WriteMlx, ExpertsAreOneTensor) {
  const auto folder = test_folder() + "/m";
  auto model = without_layers("qwen3moe", {{"expert_count", 3}, {"expert_used_count", 1}});
  model.tensors.add(noise("blk.0.ffn_gate_inp.weight", {3, 64}, &codecs::f32.info));
  model.tensors.add(noise("blk.0.ffn_down_exps.weight", {3, 64, 32}, type_named("affine4_g32_f16")));
  model.tensors.add(noise("blk.0.ffn_gate_exps.weight", {3, 32, 64}, type_named("affine8_g32_f16")));
  format_named("mlx").write(model, folder, {});
  EXPECT_EQ(shape_of(folder, "model.layers.0.mlp.switch_mlp.down_proj.scales"), (Shape{3, 64, 1}));
  EXPECT_EQ(shape_of(folder, "model.layers.0.mlp.switch_mlp.gate_proj.weight"), (Shape{3, 32, 16}));
  const Json config = read_json_file(folder + "/config.json");
  EXPECT_TRUE(config["quantization"].contains("model.layers.0.mlp.switch_mlp.gate_proj"));
  expect_same_tensors(model, read_model(folder));
}

TEST(WriteMlx, MatricesAreNeverTransposed) {
  const auto folder = test_folder() + "/m";
  auto model = without_layers("gpt2", {});
  model.tensors.add(noise("blk.0.attn_qkv.weight", {192, 64}, type_named("affine4_g32_f16")));
  model.tensors.add(noise("blk.0.ffn_up.weight", {128, 64}, &codecs::f16.info));
  format_named("mlx").write(model, folder, {});
  EXPECT_EQ(shape_of(folder, "model.h.0.attn.c_attn.weight"), (Shape{192, 8}));
  EXPECT_EQ(shape_of(folder, "model.h.0.mlp.c_fc.weight"), (Shape{128, 64}));
  expect_same_tensors(model, read_model(folder));
}

TEST(WriteMlx, FloatsAloneAreStillAFolderOfMlx) {
  const auto place = test_folder();
  const auto folder = place + "/m";
  format_named("mlx").write(small_model(&codecs::bf16.info, &codecs::bf16.info), folder, {});
  EXPECT_FALSE(read_json_file(folder + "/config.json").contains("quantization"));
  EXPECT_EQ(format_of(folder).name, "mlx");
  const auto other = place + "/h";
  format_named("hf").write(read_model(folder), other, {});
  EXPECT_EQ(format_of(other).name, "hf");
}

TEST(WriteMlx, RefusesWhatMlxCannotHold) {
  const auto folder = test_folder() + "/m";
  try {
    format_named("mlx").write(small_model(&codecs::q4_0.info, &codecs::f16.info), folder, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("MLX cannot hold q4_0"));
  }
  EXPECT_FALSE(fs::exists(folder));
}

TEST(WriteMlx, RemembersHowWeightsWereStored) {
  const auto folder = test_folder() + "/m";
  const auto source = small_model(type_named("affine4_g32_f16"), type_named("affine8_g32_f16"));
  auto model = source;
  model.tensors = {};
  for (model::Tensor tensor : source.tensors) {
    if (tensor.storage == type_named("affine4_g32_f16")) tensor.stored_before = &codecs::q4_1.info;
    if (tensor.name == "token_embd.weight") tensor.stored_before = &codecs::q8_0.info;
    model.tensors.add(tensor);
  }
  format_named("mlx").write(model, folder, {});
  const auto back = read_model(folder);
  EXPECT_EQ(back.tensors.at("blk.0.attn_q.weight").stored_before, &codecs::q4_1.info);
  EXPECT_EQ(back.tensors.at("token_embd.weight").stored_before, &codecs::q8_0.info);
  EXPECT_EQ(back.tensors.at("blk.0.attn_norm.weight").stored_before, nullptr);
}

// ---- hostile folders

/// A folder with one quantized weight, changed by the test.
class HostileMlx : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = test_folder() + "/m";
    format_named("mlx").write(small_model(type_named("affine4_g64_f16"), type_named("affine4_g64_f16")), folder_, {});
  }
  void set_quantization(const std::string& json) {
    Json config = read_json_file(folder_ + "/config.json");
    config["quantization"] = parse_json(json, "test");
    write_text_file(folder_ + "/config.json", config.dump());
  }
  void replace(const std::string& name, const Shape& shape, StorageType storage) {
    model::Model model;
    for (const auto& tensor : read_safetensors_folder(folder_)) {
      if (tensor.name != name) model.tensors.add(tensor);
    }
    const auto bytes = static_cast<size_t>(checked_tensor_bytes(*storage, shape, name));
    if (shape.rank() > 0) model.tensors.add(model::owned_tensor(name, shape, storage, std::vector<std::byte>(bytes)));
    write_safetensors(model, folder_ + "/new.safetensors");
    fs::rename(folder_ + "/new.safetensors", folder_ + "/model.safetensors");
  }
  std::string message() const {
    try {
      read_model(folder_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  std::string folder_;
  const std::string scales_ = "model.layers.0.mlp.down_proj.scales";
  const std::string biases_ = "model.layers.0.mlp.down_proj.biases";
};

TEST_F(HostileMlx, UnknownParametersAreNamed) {
  for (const char* json : {R"({"bits": 7, "group_size": 64})", R"({"bits": 4, "group_size": 0})",
                           R"({"bits": 4, "group_size": 48})", R"({"bits": 4, "group_size": 64, "mode": "new"})",
                           R"({"bits": 4, "group_size": 64, "mode": "mxfp4"})", R"({"bits": -4, "group_size": 64})",
                           R"({"bits": 99999999999, "group_size": 64})", R"({"bits": "4", "group_size": 64})",
                           R"({"bits": 4, "group_size": 64, "model.norm": {"bits": 1}})", R"({"mode": 3})"}) {
    set_quantization(json);
    EXPECT_THAT(message(), HasSubstr("quantization")) << json;
  }
}

TEST_F(HostileMlx, ArraysThatDoNotFitAreNamed) {
  set_quantization(R"({"bits": 8, "group_size": 64})");
  EXPECT_THAT(message(), HasSubstr("does not fit its scales"));
  set_quantization(R"({"bits": 4, "group_size": 64, "model.layers.0.mlp.up_proj": false})");
  EXPECT_THAT(message(), HasSubstr("says that it is not quantized"));
  set_quantization(R"({"group_size": 32, "bits": 4, "mode": "mxfp4"})");
  EXPECT_THAT(message(), HasSubstr("is no weight of mode"));
}

TEST_F(HostileMlx, ScalesOfAnotherShapeAreNamed) {
  for (const Shape& shape : {Shape{128, 3}, Shape{127, 4}, Shape{4}, Shape{1, 128, 4}, Shape{128, 0}}) {
    replace(scales_, shape, &codecs::f16.info);
    EXPECT_THAT(message(), HasSubstr("does not fit its scales")) << shape.to_string();
  }
}

TEST_F(HostileMlx, BiasesThatAreMissingOrOfAnotherTypeAreNamed) {
  replace(biases_, {128, 4}, &codecs::bf16.info);
  EXPECT_THAT(message(), HasSubstr("do not fit scales"));
  replace(biases_, {}, &codecs::f16.info);
  EXPECT_THAT(message(), HasSubstr("has scales but no biases"));
}

TEST_F(HostileMlx, CodesOfAnotherTypeAreNamed) {
  replace("model.layers.0.mlp.down_proj.weight", {128, 32}, &codecs::i32.info);
  EXPECT_THAT(message(), HasSubstr("is no weight of mode"));
  replace("model.layers.0.mlp.down_proj.weight", {128, 32}, storage_of_dtype("U32"));
  replace(scales_, {128, 4}, &codecs::i16.info);
  EXPECT_THAT(message(), HasSubstr("is no weight of mode"));
}

}  // namespace
}  // namespace adze::formats
