#include "model/alternating_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Tensor tensor_of(const Shape& shape, std::vector<float> values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return owned_tensor("x", shape, &codecs::f32.info, std::move(bytes));
}

// Two matrices of four rows of two numbers.
TEST(AlternatingRows, RowsAreTakenApartAndPutTogether) {
  const auto both = tensor_of({2, 4, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15});
  const auto even = every_second(both, 0, "even");
  const auto odd = every_second(both, 1, "odd");
  EXPECT_EQ(even.shape, (Shape{2, 2, 2}));
  EXPECT_THAT(decode_all(even), ElementsAre(0, 1, 4, 5, 8, 9, 12, 13));
  EXPECT_THAT(decode_all(odd), ElementsAre(2, 3, 6, 7, 10, 11, 14, 15));
  const auto again = in_turns(even, odd, "again");
  EXPECT_EQ(again.shape, both.shape);
  EXPECT_EQ(decode_all(again), decode_all(both));
  std::vector<std::byte> scratch;
  const auto middle = again.source->rows(3, 2, scratch);  // rows of both, of two matrices
  float numbers[4];
  std::memcpy(numbers, middle.data(), sizeof numbers);
  EXPECT_THAT(numbers, ElementsAre(6, 7, 8, 9));
}

TEST(AlternatingRows, NumbersOfVectorsTakeTurns) {
  const auto both = tensor_of({2, 4}, {0, 1, 2, 3, 4, 5, 6, 7});
  const auto even = every_second(both, 0, "even");
  const auto odd = every_second(both, 1, "odd");
  EXPECT_THAT(decode_all(even), ElementsAre(0, 2, 4, 6));
  EXPECT_THAT(decode_all(odd), ElementsAre(1, 3, 5, 7));
  EXPECT_EQ(decode_all(in_turns(even, odd, "again")), decode_all(both));
}

TEST(AlternatingRows, WhatDoesNotFitIsNamed) {
  const auto error_of = [](auto action) {
    try {
      action();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto odd_size = tensor_of({1, 3, 1}, {0, 1, 2});
  EXPECT_THAT(error_of([&] { every_second(odd_size, 0, "y"); }), HasSubstr("'x' [1, 3, 1] does not hold two weights"));
  const auto a = tensor_of({1, 2}, {0, 1});
  const auto b = tensor_of({2, 1}, {0, 1});
  EXPECT_THAT(error_of([&] { in_turns(a, b, "y"); }), HasSubstr("cannot take turns"));
}

}  // namespace
}  // namespace adze::model
