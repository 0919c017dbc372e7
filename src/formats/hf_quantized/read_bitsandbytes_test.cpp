// Arrays of bitsandbytes against their definition.
#include "formats/hf_quantized/read_bitsandbytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/uneven_levels.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

model::Tensor bytes_array(const std::string& name, const Shape& shape, StorageType storage, uint8_t step) {
  std::vector<std::byte> bytes(static_cast<size_t>(shape.element_count()));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * step + 3);
  return model::owned_tensor(name, shape, storage, std::move(bytes));
}

model::Tensor floats(const std::string& name, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return model::owned_tensor(name, {static_cast<int64_t>(values.size())}, &codecs::f32.info, std::move(bytes));
}

std::vector<float> ramp(size_t count, float step) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = step * static_cast<float>(i + 1);
  return values;
}

model::Tensor text(const std::string& name, const std::string& content) {
  const auto* begin = reinterpret_cast<const std::byte*>(content.data());
  return model::owned_tensor(name, {static_cast<int64_t>(content.size())}, &codecs::u8.info,
                             {begin, begin + content.size()});
}

constexpr const char* kNf4 = "x.weight.quant_state.bitsandbytes__nf4";
const std::vector<float> kLevels(codecs::kNf4Levels.begin(), codecs::kNf4Levels.end());
const FolderQuantization kFolder{"bitsandbytes", Json::object(), "config.json"};

std::vector<model::Tensor> plain_folder(const std::vector<float>& levels = kLevels,
                                        const std::string& shape = "[3, 128]") {
  return {bytes_array("x.weight", {192, 1}, &codecs::u8.info, 41), floats("x.weight.absmax", ramp(6, 0.3f)),
          floats("x.weight.quant_map", levels),
          text(kNf4, R"({"quant_type": "nf4", "blocksize": 64, "dtype": "bfloat16", "shape": )" + shape + "}"),
          floats("y.bias", {1})};
}

// Two codes to a byte, the first in the high half.
std::vector<float> defined(const std::vector<float>& levels, const std::vector<float>& absmax, size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    const auto byte = static_cast<uint8_t>(i / 2 * 41 + 3);
    values[i] = levels[i % 2 == 0 ? byte >> 4 : byte & 15] * absmax[i / 64];
  }
  return values;
}

TEST(BitsAndBytes, Nf4StaysPacked) {
  const auto arranged = arrange_bitsandbytes(plain_folder(), kFolder);
  ASSERT_EQ(arranged.size(), 2u);
  EXPECT_EQ(arranged[0].storage->name, "nf4_g64_f32");
  EXPECT_EQ(arranged[0].shape, (Shape{3, 128}));
  EXPECT_EQ(arranged[1].name, "y.bias");
  EXPECT_EQ(model::decode_all(arranged[0]), defined(kLevels, ramp(6, 0.3f), 384));
}

TEST(BitsAndBytes, BlocksMayGoOnInTheNextRow) {
  const auto arranged = arrange_bitsandbytes(plain_folder(kLevels, "[4, 96]"), kFolder);
  EXPECT_EQ(arranged[0].storage->name, "nf4_g32_f32");
  EXPECT_EQ(model::decode_all(arranged[0]), defined(kLevels, ramp(6, 0.3f), 384));
}

TEST(BitsAndBytes, OtherLevelsBecomeFloats) {
  auto levels = ramp(16, 0.07f);
  const auto arranged = arrange_bitsandbytes(plain_folder(levels), kFolder);
  EXPECT_EQ(arranged[0].storage, &codecs::f32.info);
  EXPECT_EQ(model::decode_all(arranged[0]), defined(levels, ramp(6, 0.3f), 384));
}

TEST(BitsAndBytes, ScalesMayBeQuantizedToo) {
  auto tensors = plain_folder();
  tensors[1] = bytes_array("x.weight.absmax", {6}, &codecs::u8.info, 29);
  tensors[3] = text(kNf4, R"({"blocksize": 64, "shape": [3, 128], "nested_blocksize": 4, "nested_offset": 0.7})");
  tensors.push_back(floats("x.weight.nested_absmax", {2, 3}));
  tensors.push_back(floats("x.weight.nested_quant_map", ramp(256, 0.01f)));
  const auto arranged = arrange_bitsandbytes(tensors, kFolder);
  ASSERT_EQ(arranged.size(), 2u);
  std::vector<float> absmax(6);
  for (size_t i = 0; i < 6; ++i) {
    const float product = ramp(256, 0.01f)[static_cast<uint8_t>(i * 29 + 3)] * (i < 4 ? 2.0f : 3.0f);
    absmax[i] = product + 0.7f;
  }
  EXPECT_EQ(model::decode_all(arranged[0]), defined(kLevels, absmax, 384));
}

std::vector<model::Tensor> int8_folder(uint8_t order) {
  return {bytes_array("x.weight", {2, 40}, &codecs::i8.info, 41), floats("x.SCB", {3, 5}),
          model::owned_tensor("x.weight_format", {}, &codecs::u8.info, {std::byte{order}})};
}

TEST(BitsAndBytes, Int8HasAMagnitudeForEachRow) {
  const auto arranged = arrange_bitsandbytes(int8_folder(0), kFolder);
  ASSERT_EQ(arranged.size(), 1u);
  EXPECT_EQ(arranged[0].storage->name, "int8_g40_f32");
  const auto values = model::decode_all(arranged[0]);
  for (size_t i = 0; i < values.size(); ++i) {
    const float scale = (i < 40 ? 3.0f : 5.0f) / 127.0f;
    EXPECT_EQ(values[i], static_cast<float>(static_cast<int8_t>(i * 41 + 3)) * scale);
  }
}

std::string failure(std::vector<model::Tensor> tensors) {
  try {
    arrange_bitsandbytes(std::move(tensors), kFolder);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::string failure_with_state(const std::string& state) {
  auto tensors = plain_folder();
  tensors[3] = text(kNf4, state);
  return failure(tensors);
}

TEST(BitsAndBytes, WhatDoesNotFitIsNamed) {
  for (size_t missing = 0; missing < 3; ++missing) {
    auto tensors = plain_folder();
    const auto name = tensors[missing].name;
    tensors.erase(tensors.begin() + static_cast<std::ptrdiff_t>(missing));
    EXPECT_THAT(failure(tensors), HasSubstr("'" + name + "' is missing"));
  }
  EXPECT_THAT(failure(plain_folder(kLevels, "[3, 129]")), HasSubstr("must be 194 numbers of u8"));
  EXPECT_THAT(failure(plain_folder(kLevels, "[128, 3]")), HasSubstr("groups of 1"));
  EXPECT_THAT(failure(plain_folder(kLevels, "[-1, 384]")), HasSubstr("two positive numbers"));
  EXPECT_THAT(failure(plain_folder(kLevels, "[4294967295, 4294967295]")), HasSubstr("beyond reason"));
  EXPECT_THAT(failure_with_state("{"), HasSubstr(kNf4));
  EXPECT_THAT(failure_with_state("[]"), HasSubstr("not an object"));
  EXPECT_THAT(failure_with_state(R"({"shape": [3, 128], "blocksize": 0})"), HasSubstr("\"blocksize\" is 0"));
  EXPECT_THAT(failure_with_state(R"({"shape": [3, 128], "blocksize": 64, "nested_blocksize": 4})"),
              HasSubstr("must be 6 numbers of u8"));
  EXPECT_THAT(failure(int8_folder(2)), HasSubstr("tiled for a processor"));
  auto tensors = int8_folder(0);
  tensors[1] = floats("x.SCB", {1});
  EXPECT_THAT(failure(tensors), HasSubstr("must be 2 numbers of f32"));
  tensors.erase(tensors.begin());
  EXPECT_THAT(failure(tensors), HasSubstr("no matrix 'x.weight' of i8"));
}

}  // namespace
}  // namespace adze::formats
