#include "codecs/group_codecs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "codecs/group_blocks.h"
#include "tensor/half.h"

namespace adze::codecs {
namespace {

GroupLayout layout_named(const char* name) { return *parse_group_codec_name(name); }

TEST(GroupCodecs, NamesAreTheParameters) {
  const GroupLayout affine = layout_named("affine3_g64_bf16");
  EXPECT_EQ(affine.offset, GroupOffset::offset);
  EXPECT_EQ(affine.bits, 3);
  EXPECT_EQ(affine.group, 64);
  EXPECT_EQ(affine.scale, GroupScale::bfloat16);
  EXPECT_EQ(affine.block_bytes(), 4 + 24);
  EXPECT_EQ(layout_named("MXFP8"), layout_named("e4m3_g32_e8m0"));
  EXPECT_EQ(layout_named("uint4_g128_f16").block_bytes(), 2 + 1 + 64);
  for (const Codec* codec : group_codec_samples()) {
    EXPECT_EQ(group_codec_name(*group_layout_of(&codec->info)), codec->info.name);
  }
  for (const GroupFamily& family : group_families()) EXPECT_TRUE(find_codec(family.example)) << family.example;
}

TEST(GroupCodecs, OtherNamesAreRefused) {
  for (const char* name : {"",
                           "int",
                           "int4",
                           "int4_g",
                           "int4_g32",
                           "int4_g32_",
                           "int4_g32_f64",
                           "int7_g32_f16",
                           "int1_g32_f16",
                           "int9_g32_f16",
                           "int04_g32_f16",
                           "int4_g032_f16",
                           "int4_g-32_f16",
                           "int4_g4_f16",
                           "int4_g99999999_f16",
                           "int4_g99999999999999999999_f16",
                           "affine4_g32_e8m0",
                           "nf44_g32_f16",
                           "e4m3_g32_f16x",
                           "int4_g32xf16"}) {
    EXPECT_FALSE(parse_group_codec_name(name)) << name;
    EXPECT_FALSE(find_codec(name)) << name;
  }
}

TEST(GroupCodecs, ThereIsOneOfEachWhoeverAsks) {
  const GroupLayout layout = layout_named("int4_g48_f16");
  std::vector<const Codec*> found(8);
  std::vector<std::thread> threads;
  for (auto& codec : found) threads.emplace_back([&] { codec = &group_codec(layout); });
  for (auto& thread : threads) thread.join();
  for (const Codec* codec : found) EXPECT_EQ(codec, found[0]);
  EXPECT_EQ(&codec_of(&found[0]->info), found[0]);
}

TEST(GroupCodecs, CodesAreAStreamOfBits) {
  // 0, 1, 2 ... in three bits: 0b10001000, 0b11000110, 0b11111010.
  const uint8_t bytes[] = {0x88, 0xC6, 0xFA, 0x05};
  uint8_t codes[10];
  unpack_codes(bytes, 3, 10, codes);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(codes[i], i);
  EXPECT_EQ(codes[8], 5);
  EXPECT_EQ(codes[9], 0);
  for (const int bits : {2, 3, 4, 5, 6, 8}) {
    for (const int64_t count : {1, 7, 8, 9, 61, 64}) {
      std::mt19937 random(static_cast<uint32_t>(bits));
      std::vector<uint8_t> written(static_cast<size_t>(count)), read(written.size());
      for (auto& code : written) code = static_cast<uint8_t>(random() & ((1u << bits) - 1));
      std::vector<uint8_t> packed(static_cast<size_t>((count * bits + 7) / 8));
      pack_codes(written.data(), bits, count, packed.data());
      unpack_codes(packed.data(), bits, count, read.data());
      EXPECT_EQ(read, written) << bits << " bits, " << count << " codes";
    }
  }
}

std::vector<float> round_trip(const Codec& codec, const std::vector<float>& values) {
  const auto count = static_cast<int64_t>(values.size());
  std::vector<std::byte> packed(static_cast<size_t>(count / codec.info.block_elements * codec.info.block_bytes));
  codec.encode(values.data(), nullptr, packed.data(), count);
  std::vector<float> back(values.size());
  codec.decode(packed.data(), back.data(), count);
  return back;
}

// Numbers that lie on a member's own lattice, with the ends of the range of codes in use.
TEST(GroupCodecs, NumbersOnTheLatticeAreKeptExactly) {
  std::mt19937 random(31);
  for (const char* name : {"int4_g64_f16", "int8_g128_f16", "uint4_g128_f16", "uint8_g64_f16", "affine2_g32_f16",
                           "affine4_g64_f16", "affine8_g32_f16", "int4_g512_f16", "affine4_g512_f16", "nf4_g64_f16"}) {
    const GroupLayout layout = layout_named(name);
    const Codec& codec = group_codec(layout);
    const CodeLattice& lattice = *code_lattice_of(&codec.info);
    const auto count = static_cast<uint32_t>(lattice.code_count());
    std::vector<float> values(static_cast<size_t>(layout.group));
    std::vector<uint8_t> codes(values.size());
    for (auto& code : codes) code = static_cast<uint8_t>(random() % count);
    codes[3] = 0;
    codes[5] = static_cast<uint8_t>(count - 1);
    std::vector<std::byte> packed(codec.info.block_bytes);
    const MutableGroupBlock block(layout, packed.data());
    store_scale(layout.scale, 0.01171875f, block.scale);
    if (layout.offset == GroupOffset::offset) store_scale(layout.scale, -0.0625f, block.offset);
    if (layout.offset == GroupOffset::zero_point) *block.offset = static_cast<uint8_t>(count / 3);
    pack_codes(codes.data(), layout.bits, layout.group, block.codes);
    codec.decode(packed.data(), values.data(), layout.group);
    EXPECT_EQ(round_trip(codec, values), values) << name;
  }
}

TEST(GroupCodecs, AGroupMayBeARow) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (const char* name :
       {"int8_g1000_f32", "int4_g4096_f16", "uint4_g1001_f16", "affine8_g700_bf16", "e4m3_g2048_f32"}) {
    const Codec& codec = require_codec(name);
    std::vector<float> values(codec.info.block_elements * 3);
    for (float& value : values) value = normal(random);
    const auto back = round_trip(codec, values);
    double error = 0, power = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      error += std::pow(static_cast<double>(values[i] - back[i]), 2);
      power += std::pow(static_cast<double>(values[i]), 2);
    }
    EXPECT_LT(std::sqrt(error / power), codec.info.bits_per_weight() > 7 ? 0.03 : 0.2) << name;
  }
}

}  // namespace
}  // namespace adze::codecs
