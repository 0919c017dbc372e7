// What folders of GPTQ may and may not look like; tests/peers/hf_quantized_peer.py compares their values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/hf_quantized/test_quantized_folder.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

constexpr const char* kUp = "model.layers.0.mlp.up_proj";
constexpr const char* kFourBits = R"({"quant_method": "gptq", "bits": 4, "group_size": 32})";

/// 64 outputs of 64 inputs with 4 bits, in groups of 32.
Arrays four_bits() {
  const std::string up = kUp;
  Arrays arrays;
  arrays.emplace(up + ".qweight", patterned("", {8, 64}, &codecs::i32.info));
  arrays.emplace(up + ".qzeros", patterned("", {2, 8}, &codecs::i32.info));
  arrays.emplace(up + ".scales", patterned("", {2, 64}, &codecs::f16.info));
  return arrays;
}

std::vector<int32_t> order(int64_t inputs, int64_t group) {
  std::vector<int32_t> groups;
  for (int64_t i = 0; i < inputs; ++i) groups.push_back(static_cast<int32_t>(i / group));
  return groups;
}

model::Tensor read_up(const Arrays& arrays, const std::string& quantization = kFourBits) {
  return read_model(write_quantized_folder(arrays, quantization)).tensors.at("blk.0.ffn_up.weight");
}

std::string failure(const std::string& part, const model::Tensor* replacement, const std::string& quantization) {
  auto arrays = four_bits();
  arrays.erase(kUp + part);
  if (replacement) arrays.emplace(kUp + part, *replacement);
  return reading_fails(write_quantized_folder(arrays, quantization));
}

TEST(ReadGptq, GroupsInOrderAreBlocksAndOthersKeepTheirOrder) {
  auto arrays = four_bits();
  EXPECT_EQ(read_up(arrays).storage->name, "uint4_g32_f16");
  EXPECT_EQ(read_model(write_quantized_folder(arrays, kFourBits)).format, "gptq");
  auto groups = order(64, 32);
  arrays.emplace(std::string(kUp) + ".g_idx", numbers("", groups));
  EXPECT_EQ(read_up(arrays).storage->name, "uint4_g32_f16");
  std::swap(groups[3], groups[40]);
  arrays.insert_or_assign(std::string(kUp) + ".g_idx", numbers("", groups));
  EXPECT_EQ(read_up(arrays).storage->name, "uint4_g32_f16_c64");
}

TEST(ReadGptq, TheLastGroupOfARowMayBeShorter) {
  auto arrays = four_bits();
  arrays.insert_or_assign(std::string(kUp) + ".g_idx", numbers("", order(64, 48)));
  EXPECT_EQ(read_up(arrays, R"({"quant_method": "gptq", "bits": 4, "group_size": 48})").storage->name,
            "uint4_g48_f16_c64");
}

TEST(ReadGptq, ModulesMayHaveBitsOfTheirOwn) {
  auto arrays = four_bits();
  arrays.emplace(std::string(kUp) + ".g_idx", numbers("", order(64, 32)));
  const auto* settings =
      R"({"quant_method": "gptq", "bits": 8, "group_size": 64, "dynamic": {"+:.*up.*": {"bits": 4}}})";
  EXPECT_EQ(read_up(arrays, settings).storage->name, "uint4_g32_f16");
}

TEST(ReadGptq, RefusesWhatDoesNotFit) {
  const auto wrong = [](const std::string& part, const Shape& shape, StorageType storage) {
    const auto tensor = patterned("", shape, storage);
    return failure(part, &tensor, kFourBits);
  };
  EXPECT_THAT(failure(".scales", nullptr, kFourBits), HasSubstr("'model.layers.0.mlp.up_proj.scales' is missing"));
  EXPECT_THAT(failure(".qzeros", nullptr, kFourBits), HasSubstr("'model.layers.0.mlp.up_proj.qzeros' is missing"));
  EXPECT_THAT(wrong(".scales", {2, 63}, &codecs::f16.info), HasSubstr("would be [2, 64]"));
  EXPECT_THAT(wrong(".scales", {3, 64}, &codecs::f16.info), HasSubstr("would be [2, 64]"));
  EXPECT_THAT(wrong(".scales", {64}, &codecs::f16.info), HasSubstr("dimensions"));
  EXPECT_THAT(wrong(".scales", {2, 64}, &codecs::i16.info), HasSubstr("scales are f16, bf16 or f32"));
  EXPECT_THAT(wrong(".qzeros", {2, 9}, &codecs::i32.info), HasSubstr("zero points of 4 bits"));
  EXPECT_THAT(wrong(".qzeros", {2, 8}, &codecs::i16.info), HasSubstr("does not hold zero points"));
  EXPECT_THAT(wrong(".qweight", {8, 64}, &codecs::i64.info), HasSubstr("does not hold codes"));
  EXPECT_THAT(wrong(".qweight", {8, 0}, &codecs::i32.info), HasSubstr("a matrix of 0 outputs"));
  EXPECT_THAT(wrong(".qweight", {0, 64}, &codecs::i32.info), HasSubstr("holds no matrix"));
  EXPECT_THAT(wrong(".qweight", {9, 64}, &codecs::i32.info), HasSubstr("would be"));
}

TEST(ReadGptq, RefusesAnOrderBeyondTheGroups) {
  const auto wrong = [](const model::Tensor& groups) { return failure(".g_idx", &groups, kFourBits); };
  auto groups = order(64, 32);
  groups[5] = 2;
  EXPECT_THAT(wrong(numbers("", groups)), HasSubstr("input 5 is in group 2 of 2"));
  groups[5] = -1;
  EXPECT_THAT(wrong(numbers("", groups)), HasSubstr("input 5 is in group -1 of 2"));
  EXPECT_THAT(wrong(numbers("", order(40, 32))), HasSubstr("would be [5, 64]"));
  EXPECT_THAT(wrong(patterned("", {64}, &codecs::i64.info)), HasSubstr("is i32"));
  EXPECT_THAT(wrong(patterned("", {8, 8}, &codecs::i32.info)), HasSubstr("dimensions"));
}

TEST(ReadGptq, RefusesSettingsThatItDoesNotKnow) {
  const auto settings = [](const std::string& rest) {
    return reading_fails(write_quantized_folder(four_bits(), R"({"quant_method": "gptq", )" + rest + "}"));
  };
  EXPECT_THAT(settings(R"("bits": 5)"), HasSubstr("2, 3, 4 or 8 bits, not 5"));
  EXPECT_THAT(settings(R"("bits": "four")"), HasSubstr("wrong type"));
  EXPECT_THAT(settings(R"("group_size": 0)"), HasSubstr("\"group_size\" is 0"));
  EXPECT_THAT(settings(R"("group_size": -2)"), HasSubstr("\"group_size\" is -2"));
  EXPECT_THAT(settings(R"("group_size": 24)"), HasSubstr("would be [3, 8]"));
  EXPECT_THAT(settings(R"("checkpoint_format": "marlin")"), HasSubstr("\"marlin\" is not known"));
  EXPECT_THAT(settings(R"("is_marlin_format": true)"), HasSubstr("Marlin"));
}

}  // namespace
}  // namespace adze::formats
