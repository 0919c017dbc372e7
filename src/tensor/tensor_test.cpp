#include <gtest/gtest.h>

#include "base/error.h"
#include "tensor/element_types.h"
#include "tensor/half.h"
#include "tensor/host_tensor.h"
#include "tensor/packed_bits.h"
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

TEST(HostTensor, RefusesNumbersOfAnotherWidth) {
  HostTensor pairs(&kU16, {3});
  EXPECT_EQ(pairs.fill<uint16_t>().size(), 3u);
  EXPECT_THROW(pairs.fill<float>(), Error);
  EXPECT_THROW(pairs.numbers<uint8_t>(), Error);
  EXPECT_THROW(HostTensor({"a", "b"}, {2}).numbers<float>(), Error);
  EXPECT_TRUE(HostTensor(&kU16, {0}).numbers<float>().empty());
}

TEST(PackedBits, AreReadAndWrittenLowestFirst) {
  const auto bytes = [](std::initializer_list<int> numbers) {
    std::vector<std::byte> result;
    for (const int number : numbers) result.push_back(static_cast<std::byte>(number));
    return result;
  };
  const auto read = [](const std::vector<std::byte>& packed, StorageType type, size_t count) {
    std::vector<std::byte> numbers(count);
    unpack_bits(packed, type, numbers);
    return numbers;
  };
  EXPECT_EQ(read(bytes({0x8F, 0x07}), &kI4, 3), bytes({-1, -8, 7}));
  EXPECT_EQ(read(bytes({0x8F, 0x07}), &kU4, 3), bytes({15, 8, 7}));
  EXPECT_EQ(read(bytes({0b11'10'01'00, 0b10}), &kI2, 5), bytes({0, 1, -2, -1, -2}));
  EXPECT_EQ(pack_bits(bytes({-1, -8, 7}), &kI4), bytes({0x8F, 0x07}));
  EXPECT_EQ(pack_bits(bytes({0, 1, 2, 3, 2}), &kU2), bytes({0b11'10'01'00, 0b10}));
  EXPECT_EQ(packed_bits(&kF4E2M1), 4u);
  EXPECT_EQ(packed_bits(&kU16), 8u);
}

}  // namespace
}  // namespace adze
