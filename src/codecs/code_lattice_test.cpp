#include "codecs/code_lattice.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "codecs/codec.h"

namespace adze::codecs {
namespace {

// Any bytes are a block. Its scales with codes of our choice must decode to what the formula says, to the bit.
TEST(CodeLattice, DecodesToWhatTheFormulaSays) {
  std::mt19937 random(7);
  int lattices = 0;
  for (const Codec* codec : all_codecs()) {
    const CodeLattice* lattice = code_lattice_of(&codec->info);
    if (!lattice) continue;
    ++lattices;
    const int block = codec->info.block_elements;
    ASSERT_LE(block, kMaxLatticeBlock);
    ASSERT_LE(lattice->groups(), kMaxLatticeGroups);
    for (int round = 0; round < 50; ++round) {
      std::vector<std::byte> packed(static_cast<size_t>(codec->info.block_bytes));
      for (auto& byte : packed) byte = static_cast<std::byte>(random() & 0xBB);  // exponents of f16 stay finite
      const LatticeScales scales = lattice->read_scales(packed.data());
      std::vector<uint8_t> codes(static_cast<size_t>(block));
      const auto last = static_cast<uint32_t>(lattice->highest - lattice->lowest);
      for (auto& code : codes) code = static_cast<uint8_t>(random() % (last + 1));
      lattice->write_codes(codes.data(), packed.data());
      std::vector<float> values(static_cast<size_t>(block));
      codec->decode(packed.data(), values.data(), block);
      for (int i = 0; i < block; ++i) {
        const int group = i / lattice->group_elements;
        const float level = level_of(*lattice, codes[static_cast<size_t>(i)]);
        const float wanted = scales.step(group) * level + scales.offset(group);
        ASSERT_EQ(values[static_cast<size_t>(i)], wanted) << codec->info.name << " number " << i;
        EXPECT_EQ(level_of(*lattice, nearest_code(*lattice, level)), level);
      }
    }
  }
  EXPECT_EQ(lattices, 12);
}

TEST(CodeLattice, ScalesAreReplaced) {
  for (const Codec* codec : all_codecs()) {
    const CodeLattice* lattice = code_lattice_of(&codec->info);
    if (!lattice || !lattice->scales_are_free) continue;
    std::vector<std::byte> packed(static_cast<size_t>(codec->info.block_bytes), std::byte{0x11});
    LatticeScales scales = lattice->read_scales(packed.data());
    scales.scale = 0.25f;
    if (lattice->has_minimum) scales.minimum = -1.5f;
    lattice->write_scales(scales, packed.data());
    const LatticeScales read = lattice->read_scales(packed.data());
    EXPECT_EQ(read.scale, 0.25f) << codec->info.name;
    EXPECT_EQ(read.minimum, scales.minimum) << codec->info.name;
    EXPECT_EQ(read.group_scale, scales.group_scale) << codec->info.name;
  }
}

TEST(CodeLattice, NearestCodesAreClamped) {
  const CodeLattice& q4_0_lattice = *code_lattice_of(&q4_0.info);
  EXPECT_EQ(nearest_code(q4_0_lattice, -100), 0);
  EXPECT_EQ(nearest_code(q4_0_lattice, 100), 15);
  EXPECT_EQ(nearest_code(q4_0_lattice, 0.4f), 8);
  EXPECT_EQ(level_of(*code_lattice_of(&iq4_nl.info), nearest_code(*code_lattice_of(&iq4_nl.info), 30)), 25);
  EXPECT_EQ(code_lattice_of(&f16.info), nullptr);
  EXPECT_EQ(code_lattice_of(&iq2_xs.info), nullptr);
}

}  // namespace
}  // namespace adze::codecs
