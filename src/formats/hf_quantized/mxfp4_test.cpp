// Experts in MXFP4: what blocks and scales become, that they come back, and that hostile ones end in an Error.
#include "formats/hf_quantized/mxfp4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

model::Tensor bytes_tensor(const std::string& name, const Shape& shape, uint8_t (*byte)(size_t)) {
  std::vector<std::byte> bytes(static_cast<size_t>(shape.element_count()));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(byte(i));
  return model::owned_tensor(name, shape, &codecs::u8.info, std::move(bytes));
}

model::Tensor blocks(const Shape& shape) {
  return bytes_tensor("e.down_proj_blocks", shape, [](size_t i) { return static_cast<uint8_t>(i * 37 + 5); });
}
model::Tensor scales(const Shape& shape) {
  return bytes_tensor("e.down_proj_scales", shape, [](size_t i) { return static_cast<uint8_t>(126 + i % 3); });
}

std::string failure(std::vector<model::Tensor> tensors) {
  try {
    (void)arrange_mxfp4(std::move(tensors), {});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

// Two codes of a byte follow each other, the first in the low half; the scale is 2^(byte - 127).
TEST(Mxfp4, BlocksAndScalesAreTheValuesOfTheDefinition) {
  const auto codes = blocks({2, 3, 2, 16});
  const auto powers = scales({2, 3, 2});
  const auto arranged = arrange_mxfp4({powers, codes}, {});
  ASSERT_EQ(arranged.size(), 1u);
  EXPECT_EQ(arranged[0].name, "e.down_proj");
  EXPECT_EQ(arranged[0].shape, (Shape{2, 3, 64}));
  const float levels[] = {0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.0, -0.5, -1, -1.5, -2, -3, -4, -6};
  const auto values = model::decode_all(arranged[0]);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto byte = static_cast<uint8_t>(i / 2 * 37 + 5);
    const double scale = std::ldexp(1.0, static_cast<int>(i / 32 % 3) - 1);
    EXPECT_EQ(values[i], scale * levels[i % 2 == 0 ? byte & 15 : byte >> 4]) << i;
  }
}

TEST(Mxfp4, HostilePairsAreRefused) {
  EXPECT_THAT(failure({blocks({2, 3, 2, 16})}), HasSubstr("'e.down_proj_blocks' has no scales"));
  EXPECT_THAT(failure({scales({2, 3, 2})}), HasSubstr("'e.down_proj_scales' has no blocks"));
  EXPECT_THAT(failure({blocks({2, 3, 2, 16}), scales({2, 3, 1})}), HasSubstr("does not fit"));
  EXPECT_THAT(failure({blocks({2, 3, 2, 8}), scales({2, 3, 2})}), HasSubstr("does not fit"));
  EXPECT_THAT(failure({blocks({6, 2, 16}), scales({2, 3, 2})}), HasSubstr("does not fit"));
  EXPECT_THAT(failure({blocks({2, 3, 0, 16}), scales({2, 3, 0})}), HasSubstr("does not fit"));
}

}  // namespace
}  // namespace adze::formats
