#include <gtest/gtest.h>

#include "base/error.h"
#include "tensor/half.h"
#include "tensor/shape.h"

namespace adze {
namespace {

constexpr CodecInfo kBlock32{"b32", "test", 32, 18};

TEST(Shape, CountsRowsAndElements) {
  const Shape shape{2, 3, 64};
  EXPECT_EQ(shape.row_length(), 64);
  EXPECT_EQ(shape.row_count(), 6);
  EXPECT_EQ(shape.element_count(), 384);
  EXPECT_EQ(Shape{}.element_count(), 1);
  EXPECT_EQ(shape.to_string(), "[2, 3, 64]");
}

TEST(Shape, RefusesHostileDimensions) {
  EXPECT_THROW(checked_shape({-1, 2}, "t"), Error);
  EXPECT_THROW(checked_shape({1ll << 40, 1ll << 40}, "t"), Error);
  EXPECT_THROW(checked_shape({0, 1ll << 40, 1ll << 40}, "t"), Error);
  EXPECT_THROW(checked_shape(std::vector<int64_t>(9, 1), "t"), Error);
  EXPECT_EQ(checked_shape({0, 5}, "t").element_count(), 0);
}

TEST(TensorBytes, NeedsWholeBlocks) {
  EXPECT_EQ(checked_tensor_bytes(kBlock32, {4, 64}, "t"), 4 * 2 * 18);
  EXPECT_THROW(checked_tensor_bytes(kBlock32, {4, 65}, "t"), Error);
}

TEST(Half, EveryPatternSurvivesTheRoundTrip) {
  for (uint32_t pattern = 0; pattern < 0x10000; ++pattern) {
    const auto half = static_cast<uint16_t>(pattern);
    const bool is_nan = (half & 0x7C00u) == 0x7C00u && (half & 0x3FFu) != 0;
    EXPECT_EQ(f32_to_f16(f16_to_f32(half)), is_nan ? (half | 0x200u) : half);
  }
}

TEST(Half, RoundsToNearestEven) {
  EXPECT_EQ(f32_to_f16(1.0f + 0x1p-11f), f32_to_f16(1.0f));
  EXPECT_EQ(f32_to_f16(1.0f + 0x1.8p-10f), f32_to_f16(1.0f + 0x1p-9f));
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7BFFu);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7C00u);
  EXPECT_EQ(f32_to_f16(0x1p-25f), 0u);
  EXPECT_EQ(f32_to_f16(0x1.8p-25f), 1u);
  EXPECT_EQ(f32_to_bf16(1.0f + 0x1p-8f), f32_to_bf16(1.0f));
}

}  // namespace
}  // namespace adze
