// 8-bit floats with scales for blocks, rows or whole matrices.
#include "formats/hf_quantized/read_fp8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/float8.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

model::Tensor codes(const Shape& shape, StorageType storage = &codecs::f8_e4m3.info) {
  std::vector<std::byte> bytes(static_cast<size_t>(shape.element_count()));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37 % 124);  // finite in both types
  return model::owned_tensor("x.weight", shape, storage, std::move(bytes));
}

model::Tensor scales(const std::string& name, const Shape& shape, StorageType storage = &codecs::f32.info) {
  std::vector<float> values(static_cast<size_t>(shape.element_count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = 0.01f * static_cast<float>(i + 1);
  std::vector<std::byte> bytes(values.size() * storage->block_bytes);
  codecs::codec_of(storage).encode(values.data(), nullptr, bytes.data(), static_cast<int64_t>(values.size()));
  return model::owned_tensor(name, shape, storage, std::move(bytes));
}

FolderQuantization blocks_of(const Json& size) { return {"fp8", {{"weight_block_size", size}}, "config.json"}; }

// By the definition: the scale of the block that a number lies in.
void expect_values(const model::Tensor& matrix, const model::Tensor& weight, const model::Tensor& factors, int64_t rows,
                   int64_t columns) {
  const auto found = model::decode_all(matrix);
  const auto plain = model::decode_all(weight);
  const auto factor = model::decode_all(factors);
  const int64_t width = weight.shape[1];
  const int64_t per_row = (width + columns - 1) / columns;
  for (size_t i = 0; i < found.size(); ++i) {
    const auto row = static_cast<int64_t>(i) / width;
    const auto column = static_cast<int64_t>(i) % width;
    ASSERT_EQ(found[i], plain[i] * factor[static_cast<size_t>(row / rows * per_row + column / columns)]) << i;
  }
}

TEST(Fp8, ScalesAreThoseOfTheirBlocks) {
  for (const StorageType type : {&codecs::f32.info, &codecs::bf16.info}) {
    const auto weight = codes({5, 64});
    const auto factors = scales("x.weight_scale_inv", {3, 4}, type);
    const auto arranged = arrange_fp8({weight, factors}, blocks_of({2, 16}));
    ASSERT_EQ(arranged.size(), 1u);
    EXPECT_EQ(arranged[0].storage->name, type == &codecs::f32.info ? "e4m3_g16_f32" : "e4m3_g16_bf16");
    expect_values(arranged[0], weight, factors, 2, 16);
  }
}

TEST(Fp8, ABlockMayEndWithinItsColumns) {
  const auto weight = codes({4, 72});
  const auto factors = scales("x.weight_scale_inv", {1, 2});
  const auto arranged = arrange_fp8({weight, factors}, blocks_of({128, 64}));
  EXPECT_EQ(arranged[0].storage->name, "e4m3_g8_f32");
  expect_values(arranged[0], weight, factors, 128, 64);
}

TEST(Fp8, RowsAndMatricesMayHaveAScale) {
  const FolderQuantization plain{"fp8", Json::object(), "config.json"};
  const auto weight = codes({4, 40}, &codecs::f8_e5m2.info);
  const auto by_row = scales("x.weight_scale", {4, 1});
  expect_values(arrange_fp8({weight, by_row}, plain)[0], weight, by_row, 1, 40);
  const auto one = scales("x.weight_scale", {1});
  const auto arranged = arrange_fp8({weight, one, scales("x.input_scale", {1}), scales("y.bias", {4})}, plain);
  ASSERT_EQ(arranged.size(), 2u);
  EXPECT_EQ(arranged[0].storage->name, "e5m2_g40_f32");
  EXPECT_EQ(arranged[1].name, "y.bias");
  expect_values(arranged[0], weight, one, 4, 40);
}

std::string failure(std::vector<model::Tensor> tensors, const Json& size) {
  try {
    arrange_fp8(std::move(tensors), blocks_of(size));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Fp8, WhatDoesNotFitIsNamed) {
  const auto weight = codes({4, 64});
  EXPECT_THAT(failure({weight}, {2, 16}), HasSubstr("'x.weight_scale_inv' is missing"));
  EXPECT_THAT(failure({weight, scales("x.weight_scale_inv", {2, 3})}, {2, 16}), HasSubstr("has scales [2, 3]"));
  EXPECT_THAT(failure({weight, scales("x.weight_scale_inv", {2, 4})}, {2, 0}), HasSubstr("weight_block_size"));
  EXPECT_THAT(failure({weight, scales("x.weight_scale_inv", {2, 4})}, "wide"), HasSubstr("weight_block_size"));
  EXPECT_THAT(failure({codes({2, 4, 8}), scales("x.weight_scale_inv", {1})}, {2, 16}), HasSubstr("only matrices"));
  EXPECT_THAT(failure({codes({4, 63}), scales("x.weight_scale_inv", {2, 4})}, {2, 16}), HasSubstr("groups of 1"));
  EXPECT_THAT(
      failure({weight, model::owned_tensor("x.weight_scale_inv", {1}, &codecs::i8.info, {std::byte{1}})}, {2, 16}),
      HasSubstr("scales of floats"));
}

}  // namespace
}  // namespace adze::formats
