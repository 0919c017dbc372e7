#include "ops/linear/rows16_block_readers.h"

#include <array>
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codebooks.h"

namespace adze::ops {
namespace {

using codecs::load_u16;
using codecs::load_u32;

template <typename Block>
const Block& block_at(const uint8_t* bytes) {
  static_assert(alignof(Block) == 1);
  return *reinterpret_cast<const Block*>(bytes);
}

// ---- points: eight codes in a word, the first in its lowest byte

constexpr uint64_t kOnes = 0x0101010101010101;

// Eight fields of two bits.
uint64_t spread_crumbs(uint64_t packed) {
  packed = (packed | packed << 24) & 0x000000FF000000FF;
  packed = (packed | packed << 12) & 0x000F000F000F000F;
  return (packed | packed << 6) & 0x0303030303030303;
}

// Eight fields of four bits.
uint64_t spread_nibbles(uint64_t packed) {
  packed = (packed | packed << 16) & 0x0000FFFF0000FFFF;
  packed = (packed | packed << 8) & 0x00FF00FF00FF00FF;
  return (packed | packed << 4) & 0x0F0F0F0F0F0F0F0F;
}

// Bit i of `bits` becomes bit kTo of byte i.
template <int kTo>
uint64_t spread_bits(uint8_t bits) {
  const uint64_t chosen = (bits * kOnes) & 0x8040201008040201;
  return ((chosen + 0x7F * kOnes) & 0x80 * kOnes) >> (7 - kTo);
}

constexpr auto kSignsOfSevenBits = [] {
  std::array<uint8_t, 128> signs{};
  for (uint32_t bits = 0; bits < 128; ++bits) signs[bits] = codecs::signs_of_seven_bits(bits);
  return signs;
}();

// Levels::iq2.
void write_iq2(uint64_t point, uint8_t signs, uint8_t* codes) {
  const uint64_t eight = spread_crumbs(point) | spread_bits<2>(signs);
  std::memcpy(codes, &eight, sizeof eight);
}

// Levels::iq3_xxs and iq3_s: two points of four numbers.
void write_iq3(uint64_t low_point, uint64_t high_point, uint8_t signs, uint8_t* codes) {
  const uint64_t eight = spread_nibbles(low_point | high_point << 16) | spread_bits<3>(signs);
  std::memcpy(codes, &eight, sizeof eight);
}

// Levels::iq1; `down` is 1 for a shift down. Without a branch: nothing would predict it.
void write_iq1(uint64_t point, uint64_t down, uint8_t* codes) {
  const uint64_t eight = spread_crumbs(point) | down * (4 * kOnes);
  std::memcpy(codes, &eight, sizeof eight);
}

uint8_t nibble(const uint8_t* bytes, int index) { return bytes[index / 2] >> (4 * (index % 2)) & 15; }

// Scales that stand for odd numbers.
void read_odd_nibbles(const uint8_t* bytes, int count, uint8_t* scales) {
  for (int i = 0; i < count; ++i) scales[i] = static_cast<uint8_t>(2 * nibble(bytes, i) + 1);
}

// Digit n of byte j of base 3 becomes code `stride` * n + j: ternary.cpp explains the bytes.
void read_digits(const uint8_t* bytes, int stride, int digits, uint8_t* codes) {
  constexpr uint8_t kPowersOfThree[5] = {1, 3, 9, 27, 81};
  for (int n = 0; n < digits; ++n) {
    for (int j = 0; j < stride; ++j) {
      const auto fraction = static_cast<uint8_t>(bytes[j] * kPowersOfThree[n]);
      codes[stride * n + j] = static_cast<uint8_t>(fraction * 3 >> 8);
    }
  }
}

}  // namespace

// ---- codes

void read_iq1_s_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockIQ1_S>(bytes);
  for (int eight = 0; eight < 32; ++eight, codes += 8) {
    const uint32_t word = load_u16(block.high + eight / 4 * 2);
    const uint32_t code = block.low[eight] | (word >> (3 * (eight % 4)) & 7) << 8;
    write_iq1(codecs::kPackedIq1[code], word >> 15, codes);
  }
}

void read_iq1_m_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockIQ1_M>(bytes);
  for (int eight = 0; eight < 32; ++eight, codes += 8) {
    const uint32_t high = nibble(block.high, eight);
    write_iq1(codecs::kPackedIq1[block.low[eight] | (high & 7) << 8], high >> 3, codes);
  }
}

void read_iq2_xxs_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockIQ2_XXS>(bytes);
  for (int group = 0; group < 8; ++group) {
    const uint8_t* points = block.groups + 8 * group;
    const uint32_t word = load_u32(points + 4);
    for (int eight = 0; eight < 4; ++eight, codes += 8) {
      write_iq2(codecs::kPackedIq2Xxs[points[eight]], kSignsOfSevenBits[word >> (7 * eight) & 127], codes);
    }
  }
}

void read_iq2_xs_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockIQ2_XS>(bytes);
  for (int eight = 0; eight < 32; ++eight, codes += 8) {
    const uint32_t word = load_u16(block.codes + 2 * eight);
    write_iq2(codecs::kPackedIq2Xs[word & 511], kSignsOfSevenBits[word >> 9], codes);
  }
}

void read_iq2_s_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockIQ2_S>(bytes);
  for (int eight = 0; eight < 32; ++eight, codes += 8) {
    const uint32_t code = block.low[eight] | (block.high[eight / 4] >> (2 * (eight % 4)) & 3u) << 8;
    write_iq2(codecs::kPackedIq2S[code], block.signs[eight], codes);
  }
}

void read_iq3_xxs_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockIQ3_XXS>(bytes);
  const auto& points = codecs::kPackedIq3Xxs;
  for (int group = 0; group < 8; ++group) {
    const uint32_t word = load_u32(block.groups + 4 * group);
    for (int eight = 0; eight < 4; ++eight, codes += 8) {
      const uint8_t* pair = block.codes + 8 * group + 2 * eight;
      write_iq3(points[pair[0]], points[pair[1]], kSignsOfSevenBits[word >> (7 * eight) & 127], codes);
    }
  }
}

void read_iq3_s_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockIQ3_S>(bytes);
  const auto& points = codecs::kPackedIq3S;
  for (int eight = 0; eight < 32; ++eight, codes += 8) {
    const uint32_t high = block.high[eight / 4] >> (2 * (eight % 4));
    const uint8_t* pair = block.low + 2 * eight;
    write_iq3(points[pair[0] | (high & 1) << 8], points[pair[1] | (high & 2) << 7], block.signs[eight], codes);
  }
}

void read_tq1_0_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockTQ1_0>(bytes);
  read_digits(block.fives, 32, 5, codes);
  read_digits(block.fives + 32, 16, 5, codes + 160);
  read_digits(block.fours, 4, 4, codes + 240);
}

void read_q2_0_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockQ2_0>(bytes);
  for (int eight = 0; eight < 8; ++eight) {
    const uint64_t spread = spread_crumbs(load_u16(block.codes + 2 * eight));
    std::memcpy(codes + 8 * eight, &spread, sizeof spread);
  }
}

void read_nvfp4_codes(const uint8_t* bytes, uint8_t* codes) {
  const auto& block = block_at<codecs::BlockNVFP4>(bytes);
  for (int group = 0; group < 4; ++group, codes += 16) {
    for (int j = 0; j < 8; ++j) {
      codes[j] = block.low[8 * group + j] & 15;
      codes[j + 8] = block.low[8 * group + j] >> 4;
    }
  }
}

// ---- scales

void read_iq1_s_scales(const uint8_t* bytes, uint8_t* scales) {
  const auto& block = block_at<codecs::BlockIQ1_S>(bytes);
  for (int group = 0; group < 8; ++group) {
    scales[group] = static_cast<uint8_t>(2 * (load_u16(block.high + 2 * group) >> 12 & 7) + 1);
  }
}

void read_iq1_m_scales(const uint8_t* bytes, uint8_t* scales) {
  const auto& block = block_at<codecs::BlockIQ1_M>(bytes);
  for (int group = 0; group < 16; ++group) {
    const int word = load_u16(block.scales + group / 4 * 2);
    scales[group] = static_cast<uint8_t>(2 * (word >> (3 * (group % 4)) & 7) + 1);
  }
}

uint16_t read_iq1_m_scale(const uint8_t* bytes) {
  const auto& block = block_at<codecs::BlockIQ1_M>(bytes);
  int scale = 0;
  for (int k = 0; k < 4; ++k) scale |= load_u16(block.scales + 2 * k) >> 12 << (4 * k);
  return static_cast<uint16_t>(scale);
}

void read_iq2_xxs_scales(const uint8_t* bytes, uint8_t* scales) {
  const auto& block = block_at<codecs::BlockIQ2_XXS>(bytes);
  for (int group = 0; group < 8; ++group) {
    scales[group] = static_cast<uint8_t>(2 * (block.groups[8 * group + 7] >> 4) + 1);
  }
}

void read_iq2_xs_scales(const uint8_t* bytes, uint8_t* scales) {
  read_odd_nibbles(block_at<codecs::BlockIQ2_XS>(bytes).scales, 16, scales);
}

void read_iq2_s_scales(const uint8_t* bytes, uint8_t* scales) {
  read_odd_nibbles(block_at<codecs::BlockIQ2_S>(bytes).scales, 16, scales);
}

void read_iq3_xxs_scales(const uint8_t* bytes, uint8_t* scales) {
  const auto& block = block_at<codecs::BlockIQ3_XXS>(bytes);
  for (int group = 0; group < 8; ++group) {
    scales[group] = static_cast<uint8_t>(2 * (block.groups[4 * group + 3] >> 4) + 1);
  }
}

void read_iq3_s_scales(const uint8_t* bytes, uint8_t* scales) {
  read_odd_nibbles(block_at<codecs::BlockIQ3_S>(bytes).scales, 8, scales);
}

void read_iq4_xs_scales(const uint8_t* bytes, uint8_t* scales) {
  const auto& block = block_at<codecs::BlockIQ4_XS>(bytes);
  const int high = load_u16(block.scales_high);
  for (int group = 0; group < 8; ++group) {
    scales[group] = static_cast<uint8_t>((nibble(block.scales_low, group) | (high >> (2 * group) & 3) << 4) - 32);
  }
}

void read_mxfp4_scales(const uint8_t* bytes, uint8_t* scales) {
  scales[0] = block_at<codecs::BlockMXFP4>(bytes).exponent;
}

// The byte 0x7F is zero; bit 7 means nothing.
void read_nvfp4_scales(const uint8_t* bytes, uint8_t* scales) {
  const auto& block = block_at<codecs::BlockNVFP4>(bytes);
  for (int group = 0; group < 4; ++group) {
    scales[group] = block.scales[group] == 0x7F ? 0 : block.scales[group] & 0x7F;
  }
}

}  // namespace adze::ops
