// IQ2_XXS, IQ2_XS and IQ2_S: 256 numbers; the magnitudes of eight share a code for a point of a codebook, signs stand
// apart.  value = scale * (group_scale + 0.5) * 0.25 * +-point[i]
//
//   IQ2_XXS  66 bytes   f16 scale | 8 x (4 codes of 8 bits, u32)          256 points, 8 groups of 32
//   IQ2_XS   74 bytes   f16 scale | 32 x u16 | 8 bytes of scales           512 points, 16 groups of 16
//   IQ2_S    82 bytes   f16 scale | 32 low bytes of codes | 32 bytes of signs | 8 bytes of upper bits | 8 bytes of
//   scales
//                                                                         1024 points, 16 groups of 16
//
// IQ2_XXS: the u32 of a group has four times 7 sign bits and the 4-bit scale on top. IQ2_XS: a u16 has the code in its
// low 9 bits and 7 sign bits above. With 7 sign bits every eight numbers have an even count of minus signs.
// IQ2_S: code i has its upper two bits at bit 2 (i % 4) of byte i / 4; number i has its sign in bit i % 8 of byte i
// / 8. The scale of group g of 16 is nibble g % 2 of byte g / 2.
#include <array>
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codebook_blocks.h"
#include "codecs/codebooks.h"
#include "codecs/codec.h"

namespace adze::codecs {
namespace {

float scaled_by(float scale, uint32_t group_scale) { return scale * (0.5f + static_cast<float>(group_scale)) * 0.25f; }

/// The scale of the group of 16 that eight numbers with this index belong to.
uint32_t nibble_of_eight(const uint8_t* scales, int eight) { return scales[eight / 4] >> (4 * (eight / 2 % 2)) & 15; }

void decode_iq2_xxs_block(const BlockIQ2_XXS& block, float* values) {
  const auto& codebook = iq2_xxs_codebook();
  const float scale = load_f16(block.scale);
  for (int group = 0; group < 8; ++group) {
    const uint8_t* codes = block.groups + 8 * group;
    const uint32_t word = load_u32(codes + 4);
    const float scaled = scaled_by(scale, word >> 28);
    for (int eight = 0; eight < 4; ++eight, values += 8) {
      write_signed_point(scaled, codebook[codes[eight]], signs_of_seven_bits(word >> (7 * eight) & 127), values);
    }
  }
}

void decode_iq2_xs_block(const BlockIQ2_XS& block, float* values) {
  const auto& codebook = iq2_xs_codebook();
  const float scale = load_f16(block.scale);
  for (int eight = 0; eight < 32; ++eight, values += 8) {
    const uint16_t word = load_u16(block.codes + 2 * eight);
    const float scaled = scaled_by(scale, nibble_of_eight(block.scales, eight));
    write_signed_point(scaled, codebook[word & 511], signs_of_seven_bits(word >> 9), values);
  }
}

void decode_iq2_s_block(const BlockIQ2_S& block, float* values) {
  const auto& codebook = iq2_s_codebook();
  const float scale = load_f16(block.scale);
  for (int eight = 0; eight < 32; ++eight, values += 8) {
    const int code = block.low[eight] | (block.high[eight / 4] >> (2 * (eight % 4)) & 3) << 8;
    const float scaled = scaled_by(scale, nibble_of_eight(block.scales, eight));
    write_signed_point(scaled, codebook[static_cast<size_t>(code)], block.signs[eight], values);
  }
}

// Where the largest magnitude of a group may come to lie, relative to the largest level.
constexpr std::array kPlaces = {0.7f, 0.77f, 0.84f, 0.91f, 0.98f, 1.06f, 1.14f, 1.24f, 1.35f, 1.5f, 1.7f};
constexpr float kUnit = 0.125f;

void encode_iq2_xxs(const float* values, const float* importance, std::byte* packed, int64_t count) {
  static const CodebookSearch search(kPackedIq2Xxs, kIq2Levels);
  const CodebookLayout layout{search, PointSigns::even, 8, 15, kUnit, false, true, kPlaces};
  const auto write = [](const CodebookFit& fit, int lane, BlockIQ2_XXS& block) {
    store_f16(block.scale, fit.scale[lane / 8]);
    for (int group = 0; group < 8; ++group, ++lane) {
      uint8_t* bytes = block.groups + 8 * group;
      for (int eight = 0; eight < 4; ++eight) bytes[eight] = static_cast<uint8_t>(fit.code[eight][lane]);
      store_u32(bytes + 4, pack_signs_and_scale(fit, lane));
    }
  };
  fit_blocks<BlockIQ2_XXS>(values, importance, packed, count, layout, write);
}

/// The scales of two groups of 16 to a byte.
void pack_nibbles(const uint8_t* scales, uint8_t* bytes) {
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<uint8_t>(scales[2 * i] | scales[2 * i + 1] << 4);
}

void encode_iq2_xs(const float* values, const float* importance, std::byte* packed, int64_t count) {
  static const CodebookSearch search(kPackedIq2Xs, kIq2Levels);
  const CodebookLayout layout{search, PointSigns::even, 16, 15, kUnit, false, true, kPlaces};
  const auto write = [](const CodebookFit& fit, int, BlockIQ2_XS& block) {
    store_f16(block.scale, fit.scale[0]);
    for (int eight = 0; eight < 32; ++eight) {
      const int word = fit.code[eight % 2][eight / 2] | (fit.signs[eight % 2][eight / 2] & 127) << 9;
      store_u16(block.codes + 2 * eight, static_cast<uint16_t>(word));
    }
    pack_nibbles(fit.group_scale, block.scales);
  };
  fit_blocks<BlockIQ2_XS>(values, importance, packed, count, layout, write);
}

void encode_iq2_s(const float* values, const float* importance, std::byte* packed, int64_t count) {
  static const CodebookSearch search(kPackedIq2S, kIq2Levels);
  const CodebookLayout layout{search, PointSigns::free, 16, 15, kUnit, false, true, kPlaces};
  const auto write = [](const CodebookFit& fit, int, BlockIQ2_S& block) {
    store_f16(block.scale, fit.scale[0]);
    std::memset(block.high, 0, sizeof block.high);
    for (int eight = 0; eight < 32; ++eight) {
      const uint16_t code = fit.code[eight % 2][eight / 2];
      block.low[eight] = static_cast<uint8_t>(code);
      block.high[eight / 4] |= static_cast<uint8_t>(code >> 8 << (2 * (eight % 4)));
      block.signs[eight] = fit.signs[eight % 2][eight / 2];
    }
    pack_nibbles(fit.group_scale, block.scales);
  };
  fit_blocks<BlockIQ2_S>(values, importance, packed, count, layout, write);
}

}  // namespace

constinit const Codec iq2_xxs{{"iq2_xxs", "eight numbers as one of 256 points, even signs", 256, sizeof(BlockIQ2_XXS)},
                              decode_blocks<BlockIQ2_XXS, kSuperBlockElements, decode_iq2_xxs_block>,
                              encode_iq2_xxs};
constinit const Codec iq2_xs{{"iq2_xs", "eight numbers as one of 512 points, even signs", 256, sizeof(BlockIQ2_XS)},
                             decode_blocks<BlockIQ2_XS, kSuperBlockElements, decode_iq2_xs_block>,
                             encode_iq2_xs};
constinit const Codec iq2_s{{"iq2_s", "eight numbers as one of 1024 points, free signs", 256, sizeof(BlockIQ2_S)},
                            decode_blocks<BlockIQ2_S, kSuperBlockElements, decode_iq2_s_block>,
                            encode_iq2_s};

}  // namespace adze::codecs
