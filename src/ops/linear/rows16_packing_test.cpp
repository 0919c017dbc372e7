#include "ops/linear/rows16_packing.h"

#include <gtest/gtest.h>

#include <cmath>

#include "codecs/group_blocks.h"
#include "ops/linear/test_random_blocks.h"
#include "ops/linear/test_rows16_definition.h"
#include "tensor/shape.h"

namespace adze::ops {
namespace {

std::vector<const codecs::Codec*> packable_codecs() {
  std::vector<const codecs::Codec*> list;
  for (const codecs::Codec* codec : codecs::all_codecs()) {
    if (rows16_layout(&codec->info) || is_plain_rows16(&codec->info)) list.push_back(codec);
  }
  return list;
}

std::vector<const codecs::Codec*> packable_group_codecs() {
  std::vector<const codecs::Codec*> list;
  for (const codecs::Codec* codec : codecs::group_codec_samples()) {
    if (rows16_layout(&codec->info)) list.push_back(codec);
  }
  return list;
}

// Any bytes are a block, so these are random throughout.
std::vector<std::byte> random_rows(const codecs::Codec& codec, int64_t rows, int64_t length, uint64_t seed) {
  std::vector<std::byte> bytes(static_cast<size_t>(rows * row_bytes(codec.info, length)));
  uint64_t state = seed * 2 + 1;
  for (std::byte& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<std::byte>(state >> 24);
  }
  return bytes;
}

// Records of MXFP4 have no scales of 2^105 and more (halved, as levels are doubled), so blocks that do are not numbers.
void expect_same_number(const codecs::Codec& codec, float found, float expected) {
  const bool has_record = expected != 0 && std::fabs(expected) < 0x1p105f;
  if (std::isnan(found) && (std::isnan(expected) || (&codec == &codecs::mxfp4 && !has_record))) return;
  EXPECT_EQ(found, expected) << codec.info.name;
}

TEST(Rows16Packing, every_type_is_packed_as_defined) {
  for (const codecs::Codec* codec : packable_codecs()) {
    if (!by_definition::is_defined(*codec) && !codec->info.is_plain()) continue;
    const int64_t block = codec->info.block_elements;
    for (const int64_t blocks : {int64_t{1}, int64_t{3}, int64_t{8}, block == 1 ? int64_t{77} : int64_t{5}}) {
      for (const int64_t rows : {1, 7, 15, 16}) {
        const int64_t length = blocks * block;
        const auto source = random_rows(*codec, rows, length, static_cast<uint64_t>(97 * rows + length));
        const auto bytes = static_cast<size_t>(rows16.group_bytes(&codec->info, length));
        std::vector<std::byte> expected(bytes);
        by_definition::pack_group_by_definition(*codec, {source.data(), rows, length}, expected.data());
        std::vector<std::byte> found(bytes, std::byte{0xA5});  // what is not written is seen
        rows16.pack_group(&codec->info, source.data(), rows, length, found.data());
        ASSERT_TRUE(found == expected) << codec->info.name << ", " << rows << " rows of " << length;
      }
    }
  }
}

TEST(Rows16Packing, records_hold_what_the_codec_decodes) {
  ASSERT_GE(packable_codecs().size(), 28u);
  for (const codecs::Codec* codec : packable_codecs()) {
    const Rows16Layout* layout = rows16_layout(&codec->info);
    if (!layout) continue;
    const int64_t length = 5 * codec->info.block_elements;
    for (const int rows : {1, 11, 16}) {
      const auto source = random_rows(*codec, rows, length, static_cast<uint64_t>(31 * rows + length));
      std::vector<std::byte> group(static_cast<size_t>(rows16.group_bytes(&codec->info, length)), std::byte{0xA5});
      rows16.pack_group(&codec->info, source.data(), rows, length, group.data());
      for (int row = 0; row < kGroupRows; ++row) {
        std::vector<float> expected(static_cast<size_t>(length));  // zeros where there is no row
        if (row < rows) codec->decode(source.data() + row * row_bytes(codec->info, length), expected.data(), length);
        const auto found = by_definition::read_row(*layout, group.data(), row, length);
        for (size_t i = 0; i < expected.size(); ++i) expect_same_number(*codec, found[i], expected[i]);
        if (HasFailure()) return;
      }
    }
  }
}

// Scales in f32 lose their last digits, and a minimum of 8-bit codes is rounded.
TEST(Rows16Packing, records_of_group_codecs_differ_by_less_than_a_thousandth_of_a_step) {
  ASSERT_GE(packable_group_codecs().size(), 8u);
  for (const codecs::Codec* codec : packable_group_codecs()) {
    const auto& group_layout = *codecs::group_layout_of(&codec->info);
    const int64_t length = 3 * codec->info.block_elements;
    for (const int rows : {1, 11, 16}) {
      std::vector<std::byte> source(static_cast<size_t>(rows * row_bytes(codec->info, length)));
      fill_random_blocks(*codec, static_cast<uint64_t>(rows), source);
      std::vector<std::byte> group(static_cast<size_t>(rows16.group_bytes(&codec->info, length)), std::byte{0xA5});
      rows16.pack_group(&codec->info, source.data(), rows, length, group.data());
      for (int row = 0; row < kGroupRows; ++row) {
        std::vector<float> expected(static_cast<size_t>(length));  // zeros where there is no row
        const std::byte* packed = source.data() + row * row_bytes(codec->info, length);
        if (row < rows) codec->decode(packed, expected.data(), length);
        const auto found = by_definition::read_row(*rows16_layout(&codec->info), group.data(), row, length);
        for (size_t i = 0; i < expected.size(); ++i) {
          const std::byte* block =
              packed + static_cast<int64_t>(i) / codec->info.block_elements * codec->info.block_bytes;
          const float step =
              row < rows ? codecs::load_scale(group_layout.scale, codecs::GroupBlock(group_layout, block).scale) : 0;
          ASSERT_NEAR(found[i], expected[i], 1e-3f * std::fabs(step)) << codec->info.name << " row " << row;
        }
      }
    }
  }
}

}  // namespace
}  // namespace adze::ops
