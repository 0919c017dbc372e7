#include "model/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "model/weight_list.h"

namespace adze::model {
namespace {

Tensor counting_tensor(const std::string& name, int64_t rows, int64_t columns) {
  std::vector<float> values(static_cast<size_t>(rows * columns));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return owned_tensor(name, {rows, columns}, &codecs::f32.info, std::move(bytes));
}

TEST(KeyValues, KeepsOrderAndWidth) {
  KeyValues values;
  values.set("b", uint32_t{3});
  values.set("a", 2.5f);
  values.set("b", uint32_t{4});
  EXPECT_EQ(values.begin()->first, "b");
  EXPECT_EQ(values.require_int("b"), 4);
  EXPECT_EQ(values.require_number("a"), 2.5);
  EXPECT_EQ(values.find_int("c"), std::nullopt);
  EXPECT_TRUE(std::holds_alternative<uint32_t>(*values.find("b")));
}

TEST(KeyValues, RefusesWrongTypes) {
  KeyValues values;
  values.set("text", std::string("x"));
  values.set("huge", UINT64_MAX);
  values.set("list", std::vector<int32_t>{1, 2});
  EXPECT_THROW(values.require_int("text"), Error);
  EXPECT_THROW(values.require_int("huge"), Error);
  EXPECT_THROW(values.require_int("absent"), Error);
  EXPECT_THROW(values.find_ints("list", 3), Error);
  EXPECT_EQ(values.find_ints("list", 2), (std::vector<int64_t>{1, 2}));
}

TEST(Tensor, PermutesRowsLazily) {
  const auto tensor = with_rows_permuted(counting_tensor("t", 3, 2), [](int64_t row) { return 2 - row; });
  EXPECT_THAT(decode_all(tensor), testing::ElementsAre(4, 5, 2, 3, 0, 1));
}

TEST(Tensor, ListRefusesDuplicates) {
  TensorList list;
  list.add(counting_tensor("t", 1, 1));
  EXPECT_THROW(list.add(counting_tensor("t", 1, 1)), Error);
  EXPECT_THROW(list.at("absent"), Error);
}

TEST(WeightList, ReportsEverythingAtOnce) {
  TensorList tensors;
  tensors.add(counting_tensor("wrong", 2, 2));
  tensors.add(counting_tensor("extra", 1, 1));
  WeightList weights(tensors);
  weights.require("wrong", {2, 3});
  weights.require("gone", {1});
  EXPECT_FALSE(weights.accept("optional", {1}));
  try {
    weights.finish("test");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr("wrong shape: wrong"), testing::HasSubstr("missing: gone"),
                               testing::HasSubstr("unexpected: extra")));
  }
}

}  // namespace
}  // namespace adze::model
