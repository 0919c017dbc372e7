#include "codecs/code_lattice.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "codecs/codec.h"
#include "codecs/group_codecs.h"

namespace adze::codecs {
namespace {

std::vector<const Codec*> codecs_with_lattice() {
  std::vector<const Codec*> chosen;
  for (const auto codecs : {all_codecs(), group_codec_samples()}) {
    for (const Codec* codec : codecs) {
      if (code_lattice_of(&codec->info)) chosen.push_back(codec);
    }
  }
  return chosen;
}

bool has_zero_point(const CodeLattice& lattice) {
  return lattice.layout && lattice.layout->offset == GroupOffset::zero_point;
}

// Any bytes are a block. Its scales with codes of our choice must decode to what the formula says, to the bit.
TEST(CodeLattice, DecodesToWhatTheFormulaSays) {
  std::mt19937 random(7);
  for (const Codec* codec : codecs_with_lattice()) {
    const CodeLattice* lattice = code_lattice_of(&codec->info);
    const int block = static_cast<int>(codec->info.block_elements);
    ASSERT_LE(lattice->groups(), kMaxLatticeGroups);
    for (int round = 0; round < 50; ++round) {
      std::vector<std::byte> packed(static_cast<size_t>(codec->info.block_bytes));
      for (auto& byte : packed) byte = static_cast<std::byte>(random() & 0xBB);  // exponents of f16 stay finite
      const LatticeScales scales = lattice->read_scales(packed.data());
      std::vector<uint8_t> codes(static_cast<size_t>(block));
      for (auto& code : codes) code = static_cast<uint8_t>(random() % static_cast<uint32_t>(lattice->code_count()));
      lattice->write_codes(codes.data(), packed.data());
      std::vector<uint8_t> read(codes.size());
      lattice->read_codes(packed.data(), read.data());
      ASSERT_EQ(read, codes) << codec->info.name;
      std::vector<float> values(static_cast<size_t>(block));
      codec->decode(packed.data(), values.data(), block);
      for (int i = 0; i < block; ++i) {
        const int group = i / static_cast<int>(lattice->group_elements);
        const float level = level_of(*lattice, codes[static_cast<size_t>(i)]);
        const float wanted = scales.step(group) * level + scales.offset(group);
        if (std::isnan(wanted)) continue;
        if (has_zero_point(*lattice)) {  // in integers before it is multiplied
          ASSERT_NEAR(values[static_cast<size_t>(i)], wanted, 1e-4f * std::fabs(scales.scale)) << codec->info.name;
        } else {
          ASSERT_EQ(values[static_cast<size_t>(i)], wanted) << codec->info.name << " number " << i;
        }
        if (!(level > static_cast<float>(lattice->smallest_choice()))) continue;
        EXPECT_EQ(level_of(*lattice, nearest_code(*lattice, level)), level) << codec->info.name;
      }
    }
  }
  EXPECT_GE(codecs_with_lattice().size(), 12 + group_codec_samples().size());
}

TEST(CodeLattice, ScalesAreReplaced) {
  for (const Codec* codec : codecs_with_lattice()) {
    const CodeLattice* lattice = code_lattice_of(&codec->info);
    if (!lattice->scales_are_free()) continue;
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
