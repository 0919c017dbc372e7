// What folders of compressed-tensors may and may not look like; tests/peers/hf_quantized_peer.py compares their values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/hf_quantized/compressed_tensors_quantization.h"
#include "formats/hf_quantized/test_quantized_folder.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

constexpr const char* kUp = "model.layers.0.mlp.up_proj";

std::string group_of(const std::string& weights, const std::string& targets = R"("Linear")") {
  return R"({"targets": [)" + targets + R"(], "weights": {)" + weights + "}}";
}

std::string quantization(const std::string& format, const std::string& groups) {
  return R"({"quant_method": "compressed-tensors", "format": ")" + format + R"(", "config_groups": {)" + groups + "}}";
}

const std::string kFourBits = R"("num_bits": 4, "group_size": 32, "strategy": "group")";

std::string packed_settings(const std::string& weights = kFourBits) {
  return quantization("pack-quantized", R"("group_0": )" + group_of(weights));
}

model::Tensor shape_array(int64_t outputs, int64_t inputs) {
  std::vector<std::byte> bytes(16);
  for (size_t i = 0; i < 8; ++i) {
    bytes[i] = static_cast<std::byte>(outputs >> (8 * i));
    bytes[8 + i] = static_cast<std::byte>(inputs >> (8 * i));
  }
  return model::owned_tensor("", {2}, &codecs::i64.info, std::move(bytes));
}

/// 64 outputs of 64 inputs with 4 bits, in groups of 32.
Arrays packed() {
  const std::string up = kUp;
  Arrays arrays;
  arrays.emplace(up + ".weight_packed", patterned("", {64, 8}, &codecs::i32.info));
  arrays.emplace(up + ".weight_scale", patterned("", {64, 2}, &codecs::bf16.info));
  arrays.emplace(up + ".weight_shape", shape_array(64, 64));
  return arrays;
}

Arrays bytes(StorageType storage) {
  Arrays arrays;
  arrays.emplace(std::string(kUp) + ".weight", patterned("", {64, 64}, storage));
  arrays.emplace(std::string(kUp) + ".weight_scale", patterned("", {64, 1}, &codecs::bf16.info));
  return arrays;
}

std::string_view storage_name(const Arrays& arrays, const std::string& settings) {
  return read_model(write_quantized_folder(arrays, settings)).tensors.at("blk.0.ffn_up.weight").storage->name;
}

std::string failure(const Arrays& arrays, const std::string& settings = packed_settings()) {
  return reading_fails(write_quantized_folder(arrays, settings));
}

TEST(ReadCompressedTensors, EveryFormHasItsType) {
  EXPECT_EQ(storage_name(packed(), packed_settings()), "int4_g32_bf16");
  auto arrays = packed();
  arrays.emplace(std::string(kUp) + ".weight_zero_point", patterned("", {8, 2}, &codecs::i32.info));
  EXPECT_EQ(storage_name(arrays, packed_settings(kFourBits + R"(, "symmetric": false)")), "uint4_g32_bf16");
  const auto in_bytes = [](const std::string& form, const std::string& weights) {
    return quantization(form, R"("group_0": )" + group_of(weights));
  };
  const std::string channel = R"("num_bits": 8, "strategy": "channel")";
  EXPECT_EQ(storage_name(bytes(&codecs::i8.info), in_bytes("int-quantized", channel)), "int8_g64_bf16");
  EXPECT_EQ(storage_name(bytes(&codecs::f8_e4m3.info), in_bytes("float-quantized", channel + R"(, "type": "float")")),
            "e4m3_g64_bf16");
}

TEST(ReadCompressedTensors, WhatIsOfActivationsIsLeftOut) {
  auto arrays = packed();
  arrays.emplace(std::string(kUp) + ".input_scale", patterned("", {1}, &codecs::bf16.info));
  arrays.emplace("model.layers.0.self_attn.k_scale", patterned("", {1}, &codecs::bf16.info));
  EXPECT_EQ(read_model(write_quantized_folder(arrays, packed_settings())).tensors.size(), 1);
}

TEST(ReadCompressedTensors, ANameIsMorePreciseThanAPatternAndThatThanAClass) {
  const auto groups = R"("a": )" + group_of(R"("num_bits": 2, "group_size": 32)") + R"(, "b": )" +
                      group_of(R"("num_bits": 3, "group_size": 32)", R"("re:.*up", "lm_head")") + R"(, "c": )" +
                      group_of(R"("num_bits": 8, "group_size": 32)", R"("x.up")");
  const auto settings = CompressedTensorsQuantization::read(
      {"compressed-tensors", parse_json(quantization("pack-quantized", groups), "test"), "test"});
  EXPECT_EQ(settings.find("x.up")->bits, 8);
  EXPECT_EQ(settings.find("y.up")->bits, 3);
  EXPECT_EQ(settings.find("lm_head")->bits, 3);
  EXPECT_EQ(settings.find("y.down")->bits, 2);
}

TEST(ReadCompressedTensors, RefusesArraysThatDoNotFit) {
  const auto wrong = [](const std::string& part, model::Tensor tensor) {
    auto arrays = packed();
    if (part != ".input_scale")
      arrays.emplace(std::string(kUp) + ".weight_zero_point", patterned("", {8, 2}, &codecs::i32.info));
    arrays.insert_or_assign(kUp + part, std::move(tensor));
    return failure(arrays, packed_settings(kFourBits + R"(, "symmetric": false)"));
  };
  EXPECT_THAT(wrong(".weight_shape", shape_array(64, 72)), HasSubstr("would be [64, 9]"));
  EXPECT_THAT(wrong(".weight_shape", shape_array(65, 64)), HasSubstr("does not hold"));
  EXPECT_THAT(wrong(".weight_shape", shape_array(64, -64)), HasSubstr("does not hold"));
  EXPECT_THAT(wrong(".weight_shape", shape_array(64, int64_t{1} << 60)), HasSubstr("does not hold"));
  EXPECT_THAT(wrong(".weight_scale", patterned("", {64, 3}, &codecs::bf16.info)), HasSubstr("would be [64, 2]"));
  EXPECT_THAT(wrong(".weight_zero_point", patterned("", {7, 2}, &codecs::i32.info)), HasSubstr("would be [8, 2]"));
  EXPECT_THAT(wrong(".weight_g_idx", numbers("", std::vector<int32_t>(64, 2))),
              HasSubstr("input 0 is in group 2 of 2"));
  EXPECT_THAT(wrong(".weight_packed", patterned("", {64, 8, 1}, &codecs::i32.info)), HasSubstr("dimensions"));
  EXPECT_THAT(wrong(".input_scale", patterned("", {1}, &codecs::f16.info)), HasSubstr("weight_zero_point' is missing"));
  for (const char* part : {".weight_scale", ".weight_shape"}) {
    auto arrays = packed();
    arrays.erase(std::string(kUp) + part);
    EXPECT_THAT(failure(arrays), HasSubstr(std::string(part) + "' is missing"));
  }
}

TEST(ReadCompressedTensors, RefusesSettingsThatItDoesNotKnow) {
  const auto with = [](const std::string& weights) { return failure(packed(), packed_settings(weights)); };
  EXPECT_THAT(with(R"("num_bits": 7)"), HasSubstr("7 bits"));
  EXPECT_THAT(with(R"("num_bits": 4, "type": "float")"), HasSubstr("\"float\" are not known"));
  EXPECT_THAT(with(R"("num_bits": 4, "strategy": "block")"), HasSubstr("strategy \"block\""));
  EXPECT_THAT(with(R"("num_bits": 4, "strategy": "group", "group_size": 0)"), HasSubstr("\"group_size\" is 0"));
  EXPECT_THAT(with(R"("num_bits": "4")"), HasSubstr("wrong type"));
  const auto settings = [](const std::string& json) { return failure(packed(), json); };
  const auto group = R"("group_0": )" + group_of(kFourBits);
  EXPECT_THAT(settings(quantization("marlin-24", group)), HasSubstr("format \"marlin-24\""));
  EXPECT_THAT(settings(quantization("pack-quantized", R"("group_0": 4)")), HasSubstr("not an object"));
  EXPECT_THAT(settings(quantization("pack-quantized", "")), HasSubstr("no group of \"config_groups\""));
  EXPECT_THAT(settings(quantization("pack-quantized", R"("g": )" + group_of(kFourBits, R"("re:(")"))), HasSubstr("("));
  EXPECT_THAT(settings(R"({"quant_method": "compressed-tensors"})"), HasSubstr("\"config_groups\" is missing"));
  auto sparse = quantization("pack-quantized", group);
  sparse.insert(sparse.size() - 1, R"(, "sparsity_config": {"format": "sparse-24-bitmask"})");
  EXPECT_THAT(settings(sparse), HasSubstr("sparse-24-bitmask"));
}

}  // namespace
}  // namespace adze::formats
