// What is written is read again byte for byte, by every method, for every layout that it holds and for odd shapes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <random>

#include "base/error.h"
#include "codecs/column_groups.h"
#include "codecs/group_codecs.h"
#include "formats/hf_quantized/quant_methods.h"
#include "formats/hf_quantized/split_matrix.h"
#include "formats/hf_quantized/test_quantized_folder.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

std::vector<std::byte> bytes_of(const model::Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto rows = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return {rows.begin(), rows.end()};
}

/// Blocks with any codes and zero points, finite scales, and columns in groups that there are.
model::Tensor random_matrix(const std::string& name, const Shape& shape, StorageType storage) {
  std::mt19937 random(static_cast<uint32_t>(shape.element_count()));
  const auto& layout = *matrix_layout_of(storage);
  std::vector<std::byte> bytes(static_cast<size_t>(checked_tensor_bytes(*storage, shape, name)));
  for (auto& byte : bytes) byte = static_cast<std::byte>(random() & 0x3B);
  if (layout.columns > 0) {
    for (int64_t row = 0; row < shape[0]; ++row) {
      auto* packed = reinterpret_cast<uint8_t*>(bytes.data()) + row * layout.block_bytes();
      const codecs::ColumnGroupParts<uint8_t> parts(layout, packed);
      const int64_t zeros = layout.groups() * layout.offset_bytes();
      for (int64_t i = 0; i < zeros; ++i) parts.zero_points[i] &= static_cast<uint8_t>((1 << layout.bits) - 1);
      for (int64_t column = 0; column < layout.columns; ++column) {
        parts.groups[2 * column] = static_cast<uint8_t>(column * 7 % layout.groups());
        parts.groups[2 * column + 1] = 0;
      }
    }
  }
  if (layout.offset == codecs::GroupOffset::zero_point && layout.columns == 0) {
    for (size_t at = static_cast<size_t>(layout.scale_bytes()); at < bytes.size();
         at += static_cast<size_t>(layout.block_bytes())) {
      bytes[at] &= static_cast<std::byte>((1 << layout.bits) - 1);
    }
  }
  return model::owned_tensor(name, shape, storage, std::move(bytes));
}

/// A llama of one layer with this matrix, and floats for the rest.
model::Model model_with(const model::Tensor& up) {
  model::Model model;
  model.architecture = "llama";
  const std::vector<std::pair<const char*, uint32_t>> sizes = {{"block_count", 1},
                                                               {"embedding_length", 64},
                                                               {"context_length", 64},
                                                               {"vocab_size", 8},
                                                               {"feed_forward_length", 64},
                                                               {"attention.head_count", 2},
                                                               {"attention.head_count_kv", 2},
                                                               {"rope.dimension_count", 32}};
  for (const auto& [key, value] : sizes) model.config.set(key, value);
  model.config.set("attention.layer_norm_rms_epsilon", 1e-5f);
  model.tensors.add(patterned("token_embd.weight", {8, 64}, &codecs::i8.info));
  model.tensors.add(up);
  return model;
}

struct Case {
  const char* method;
  const char* storage;
  Shape shape = {64, 128};
};

class QuantizedRoundTrip : public testing::TestWithParam<Case> {};

TEST_P(QuantizedRoundTrip, KeepsEveryByte) {
  const auto& [method, storage, shape] = GetParam();
  const auto folder = test_folder() + "/m", again = folder + "2";
  const auto up = random_matrix("blk.0.ffn_up.weight", shape, &codecs::require_codec(storage).info);
  ThreadPool pool(3);
  format_named(method).write(model_with(up), folder, {.pool = &pool});
  EXPECT_EQ(format_of(folder).name, method);
  const auto back = read_model(folder);
  const auto& read = back.tensors.at(up.name);
  EXPECT_EQ(read.storage->name, storage);
  EXPECT_EQ(bytes_of(read), bytes_of(up));
  format_named(method).write(back, again, {});
  EXPECT_EQ(read_text_file(folder + "/model.safetensors"), read_text_file(again + "/model.safetensors"));
  EXPECT_EQ(read_json_file(folder + "/config.json")["quantization_config"],
            read_json_file(again + "/config.json")["quantization_config"]);
}

INSTANTIATE_TEST_SUITE_P(
    Layouts, QuantizedRoundTrip,
    testing::Values(
        Case{"gptq", "int4_g32_f16"}, Case{"gptq", "uint4_g64_f16"}, Case{"gptq", "uint3_g32_f16"},
        Case{"gptq", "uint2_g128_f16"}, Case{"gptq", "int8_g128_bf16"}, Case{"gptq", "uint8_g32_f32"},
        Case{"gptq", "uint4_g32_f16_c128"}, Case{"gptq", "int3_g48_f16_c128"}, Case{"gptq", "uint3_g32_f16", {96, 160}},
        Case{"awq", "uint4_g32_f16"}, Case{"awq", "int4_g128_f16"}, Case{"awq", "uint4_g16_bf16", {96, 48}},
        Case{"compressed-tensors", "int4_g128_bf16"}, Case{"compressed-tensors", "uint4_g32_f16"},
        Case{"compressed-tensors", "uint3_g16_f32", {37, 48}}, Case{"compressed-tensors", "uint5_g8_f16", {33, 72}},
        Case{"compressed-tensors", "int6_g24_f16", {7, 24}}, Case{"compressed-tensors", "uint8_g64_bf16", {5, 64}},
        Case{"compressed-tensors", "uint4_g32_f16_c72", {9, 72}}, Case{"compressed-tensors", "e4m3_g128_bf16"},
        Case{"compressed-tensors", "e4m3_g32_f32"}),
    [](const auto& test) {
      auto name = std::string(test.param.method) + "_" + test.param.storage;
      std::ranges::replace(name, '-', '_');
      return name + "_" + std::to_string(test.index);
    });

std::string writing_fails(const char* method, const char* storage, const Shape& shape) {
  try {
    const auto up = random_matrix("blk.0.ffn_up.weight", shape, &codecs::require_codec(storage).info);
    format_named(method).write(model_with(up), test_folder() + "/m", {});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(WriteQuantized, RefusesWhatAMethodHasNoPlaceFor) {
  EXPECT_THAT(writing_fails("gptq", "affine4_g32_f16", {64, 64}), HasSubstr("GPTQ cannot hold affine4_g32_f16"));
  EXPECT_THAT(writing_fails("gptq", "int5_g32_f16", {64, 64}), HasSubstr("GPTQ cannot hold int5_g32_f16"));
  EXPECT_THAT(writing_fails("gptq", "uint4_g32_f16", {60, 64}), HasSubstr("do not fill 32-bit words"));
  EXPECT_THAT(writing_fails("awq", "uint4_g32_f16_c64", {64, 64}), HasSubstr("AWQ cannot hold uint4_g32_f16_c64"));
  EXPECT_THAT(writing_fails("awq", "int8_g32_f16", {64, 64}), HasSubstr("AWQ cannot hold int8_g32_f16"));
  EXPECT_THAT(writing_fails("compressed-tensors", "nf4_g64_f16", {64, 64}), HasSubstr("cannot hold nf4_g64_f16"));
}

TEST(WriteQuantized, RefusesFloatsAlone) {
  const auto model = model_with(patterned("blk.0.ffn_up.weight", {64, 64}, &codecs::i8.info));
  for (const auto& format : {"gptq", "awq", "compressed-tensors"}) {
    const auto folder = test_folder() + "/floats";
    EXPECT_THROW(format_named(format).write(model, folder, {}), Error) << format;
    EXPECT_FALSE(std::filesystem::exists(folder)) << format;
  }
}

Json settings_of(const char* method, std::vector<model::Tensor> matrices) {
  const auto folder = test_folder() + "/m";
  auto model = model_with(matrices.front());
  for (size_t i = 1; i < matrices.size(); ++i) model.tensors.add(matrices[i]);
  format_named(method).write(model, folder, {});
  return read_json_file(folder + "/config.json")["quantization_config"];
}

model::Tensor up_of(const char* storage) {
  return random_matrix("blk.0.ffn_up.weight", {64, 64}, &codecs::require_codec(storage).info);
}
model::Tensor gate_of(const char* storage) {
  return random_matrix("blk.0.ffn_gate.weight", {64, 64}, &codecs::require_codec(storage).info);
}

TEST(WriteGptq, SaysWhatReadersNeed) {
  const Json symmetric = settings_of("gptq", {up_of("int4_g32_f16")});
  EXPECT_EQ(symmetric["bits"], 4);
  EXPECT_EQ(symmetric["group_size"], 32);
  EXPECT_EQ(symmetric["sym"], true);
  EXPECT_EQ(symmetric["desc_act"], false);
  EXPECT_EQ(symmetric["checkpoint_format"], "gptq");
  EXPECT_FALSE(symmetric.contains("dynamic"));
  EXPECT_EQ(settings_of("gptq", {up_of("uint4_g32_f16")})["checkpoint_format"], "gptq_v2");
  EXPECT_EQ(settings_of("gptq", {up_of("uint4_g32_f16_c64")})["desc_act"], true);
  EXPECT_EQ(settings_of("gptq", {up_of("int4_g64_f16")})["group_size"], -1);
}

TEST(WriteGptq, ModulesWithOtherBitsAreNamed) {
  auto down = gate_of("int4_g32_f16");
  down.name = "blk.0.ffn_down.weight";
  auto query = patterned("blk.0.attn_v.weight", {64, 64}, &codecs::f16.info);
  const Json settings = settings_of("gptq", {up_of("int4_g32_f16"), gate_of("int8_g64_f16"), down, query});
  EXPECT_EQ(settings["bits"], 4);
  EXPECT_EQ(settings["dynamic"]["+:^model\\.layers\\.0\\.mlp\\.gate_proj$"]["bits"], 8);
  EXPECT_EQ(settings["dynamic"]["-:^model\\.layers\\.0\\.self_attn\\.v_proj$"], Json::object());
  EXPECT_EQ(settings["dynamic"].size(), 2u);
}

TEST(WriteAwq, HasOneSizeOfGroups) {
  const Json settings = settings_of("awq", {up_of("uint4_g32_f16"), gate_of("int4_g32_f16")});
  EXPECT_EQ(settings["zero_point"], true);
  EXPECT_EQ(settings["version"], "gemm");
  try {
    settings_of("awq", {up_of("uint4_g32_f16"), gate_of("int4_g64_f16")});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("AWQ has one size of groups"));
  }
}

TEST(WriteCompressedTensors, ModulesOfAKindAreOneGroup) {
  auto query = patterned("blk.0.attn_v.weight", {64, 64}, &codecs::f16.info);
  const Json settings = settings_of("compressed-tensors", {up_of("int4_g32_f16"), gate_of("uint8_g32_f16"), query});
  EXPECT_EQ(settings["format"], "pack-quantized");
  EXPECT_EQ(settings["config_groups"].size(), 2u);
  EXPECT_THAT(settings["config_groups"].dump(), HasSubstr("\"Linear\""));
  EXPECT_EQ(settings["ignore"], Json::array({"lm_head", "model.layers.0.self_attn.v_proj"}));
}

}  // namespace
}  // namespace adze::formats
