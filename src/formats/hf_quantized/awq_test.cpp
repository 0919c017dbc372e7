// What folders of AWQ may and may not look like; tests/peers/hf_quantized_peer.py compares their values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/hf_quantized/test_quantized_folder.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

constexpr const char* kUp = "model.layers.0.mlp.up_proj";
constexpr const char* kUsual = R"({"quant_method": "awq", "bits": 4, "group_size": 32})";

/// 64 outputs of 64 inputs, in groups of 32.
Arrays usual() {
  const std::string up = kUp;
  Arrays arrays;
  arrays.emplace(up + ".qweight", patterned("", {64, 8}, &codecs::i32.info));
  arrays.emplace(up + ".qzeros", patterned("", {2, 8}, &codecs::i32.info));
  arrays.emplace(up + ".scales", patterned("", {2, 64}, &codecs::f16.info));
  return arrays;
}

std::string failure(Arrays arrays, const std::string& quantization = kUsual) {
  return reading_fails(write_quantized_folder(arrays, quantization));
}

TEST(ReadAwq, ZeroPointsMayBeLeftOutOnlyWhereThereAreNone) {
  auto arrays = usual();
  const auto name = [&](const std::string& quantization) {
    return read_model(write_quantized_folder(arrays, quantization)).tensors.at("blk.0.ffn_up.weight").storage->name;
  };
  EXPECT_EQ(name(kUsual), "uint4_g32_f16");
  arrays.erase(std::string(kUp) + ".qzeros");
  EXPECT_THAT(failure(arrays), HasSubstr("up_proj.qzeros' is missing"));
  EXPECT_EQ(name(R"({"quant_method": "awq", "w_bit": 4, "q_group_size": 32, "zero_point": false})"), "int4_g32_f16");
}

TEST(ReadAwq, RefusesWhatDoesNotFit) {
  const auto wrong = [](const std::string& part, const Shape& shape, StorageType storage) {
    auto arrays = usual();
    arrays.insert_or_assign(kUp + part, patterned("", shape, storage));
    return failure(arrays);
  };
  EXPECT_THAT(wrong(".qweight", {64, 9}, &codecs::i32.info), HasSubstr("would be [64, 8]"));
  EXPECT_THAT(wrong(".qweight", {60, 8}, &codecs::i32.info), HasSubstr("60 inputs do not divide into groups of 32"));
  EXPECT_THAT(wrong(".qzeros", {3, 8}, &codecs::i32.info), HasSubstr("would be [2, 8]"));
  EXPECT_THAT(wrong(".scales", {2, 65}, &codecs::f16.info), HasSubstr("would be"));
  EXPECT_THAT(wrong(".scales", {128}, &codecs::f16.info), HasSubstr("dimensions"));
  EXPECT_THAT(wrong(".scales", {2, 64}, &codecs::i8.info), HasSubstr("scales are f16, bf16 or f32"));
}

TEST(ReadAwq, RefusesOtherArrangementsAndScaledActivations) {
  const auto settings = [](const std::string& rest) {
    return failure(usual(), R"({"quant_method": "awq", )" + rest + "}");
  };
  EXPECT_THAT(settings(R"("bits": 3)"), HasSubstr("AWQ has 4 bits, not 3"));
  EXPECT_THAT(settings(R"("version": "GEMV")"), HasSubstr("arranged as \"gemv\""));
  EXPECT_THAT(settings(R"("group_size": 0)"), HasSubstr("\"group_size\" is 0"));
  EXPECT_THAT(settings(R"("group_size": [1])"), HasSubstr("wrong type"));
  auto arrays = usual();
  arrays.emplace("model.layers.0.mlp.act.scales", patterned("", {64}, &codecs::f16.info));
  EXPECT_THAT(failure(arrays), HasSubstr("scales an activation"));
}

}  // namespace
}  // namespace adze::formats
