// IQ3_XXS and IQ3_S: 256 numbers; the magnitudes of four share a code for a point of a codebook, signs stand apart.
//
//   IQ3_XXS   98 bytes   f16 scale | 64 codes of 8 bits | 8 x u32
//   IQ3_S    110 bytes   f16 scale | 64 low bytes of codes | 8 bytes of ninth bits | 32 bytes of signs | 4 bytes
//
//   IQ3_XXS  value = scale * (group_scale + 0.5) * 0.5 * +-point[i], codebook of 256 points
//   IQ3_S    value = scale * (1 + 2 * group_scale)     * +-point[i], codebook of 512 points
//
// Both have 8 groups of 32 with 4-bit scales. IQ3_XXS: the u32 of a group has four times 7 sign bits and the scale on
// top; every eight numbers have an even count of minus signs. IQ3_S: the ninth bit of code i is bit i % 8 of byte i /
// 8; the sign of number i is bit i % 8 of byte i / 8; the scale of group g is nibble g % 2 of byte g / 2.
#include <array>
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codebook_blocks.h"
#include "codecs/codebooks.h"
#include "codecs/codec.h"

namespace adze::codecs {
namespace {

void decode_iq3_xxs_block(const BlockIQ3_XXS& block, float* values) {
  const auto& codebook = iq3_xxs_codebook();
  const float scale = load_f16(block.scale);
  for (int group = 0; group < 8; ++group) {
    const uint32_t word = load_u32(block.groups + 4 * group);
    const float scaled = scale * (0.5f + static_cast<float>(word >> 28)) * 0.5f;
    for (int eight = 0; eight < 4; ++eight, values += 8) {
      const uint8_t signs = signs_of_seven_bits(word >> (7 * eight) & 127);
      const uint8_t* codes = block.codes + 8 * group + 2 * eight;
      write_signed_point(scaled, codebook[codes[0]], signs, values);
      write_signed_point(scaled, codebook[codes[1]], signs >> 4, values + 4);
    }
  }
}

void decode_iq3_s_block(const BlockIQ3_S& block, float* values) {
  const auto& codebook = iq3_s_codebook();
  const float scale = load_f16(block.scale);
  for (int group = 0; group < 8; ++group) {
    const int group_scale = block.scales[group / 2] >> (4 * (group % 2)) & 15;
    const float scaled = scale * static_cast<float>(1 + 2 * group_scale);
    for (int four = 0; four < 8; ++four, values += 4) {
      const int code = block.low[8 * group + four] | (block.high[group] >> four & 1) << 8;
      const auto signs = static_cast<uint8_t>(block.signs[4 * group + four / 2] >> (4 * (four % 2)));
      write_signed_point(scaled, codebook[static_cast<size_t>(code)], signs, values);
    }
  }
}

// Where the largest magnitude of a group may come to lie, relative to the largest level.
constexpr std::array kPlaces = {0.78f, 0.84f, 0.9f, 0.96f, 1.02f, 1.08f, 1.15f, 1.25f, 1.4f};

void encode_iq3_xxs(const float* values, const float* importance, std::byte* packed, int64_t count) {
  static const CodebookSearch search(kPackedIq3Xxs, kIq3XxsLevels);
  const CodebookLayout layout{search, PointSigns::even, 8, 15, 0.25f, false, true, kPlaces};
  const auto write = [](const CodebookFit& fit, int lane, BlockIQ3_XXS& block) {
    store_f16(block.scale, fit.scale[lane / 8]);
    for (int group = 0; group < 8; ++group, ++lane) {
      for (int four = 0; four < 8; ++four) block.codes[8 * group + four] = static_cast<uint8_t>(fit.code[four][lane]);
      store_u32(block.groups + 4 * group, pack_signs_and_scale(fit, lane));
    }
  };
  fit_blocks<BlockIQ3_XXS>(values, importance, packed, count, layout, write);
}

void encode_iq3_s(const float* values, const float* importance, std::byte* packed, int64_t count) {
  static const CodebookSearch search(kPackedIq3S, kIq3SLevels);
  const CodebookLayout layout{search, PointSigns::free, 8, 15, 1.0f, false, true, kPlaces};
  const auto write = [](const CodebookFit& fit, int lane, BlockIQ3_S& block) {
    store_f16(block.scale, fit.scale[lane / 8]);
    std::memset(block.high, 0, sizeof block.high);
    std::memset(block.scales, 0, sizeof block.scales);
    for (int group = 0; group < 8; ++group, ++lane) {
      for (int four = 0; four < 8; ++four) {
        block.low[8 * group + four] = static_cast<uint8_t>(fit.code[four][lane]);
        block.high[group] |= static_cast<uint8_t>(fit.code[four][lane] >> 8 << four);
      }
      for (int eight = 0; eight < 4; ++eight) block.signs[4 * group + eight] = fit.signs[eight][lane];
      block.scales[group / 2] |= static_cast<uint8_t>(fit.group_scale[lane] << (4 * (group % 2)));
    }
  };
  fit_blocks<BlockIQ3_S>(values, importance, packed, count, layout, write);
}

}  // namespace

constinit const Codec iq3_xxs{{"iq3_xxs", "four numbers as one of 256 points, even signs", 256, sizeof(BlockIQ3_XXS)},
                              decode_blocks<BlockIQ3_XXS, kSuperBlockElements, decode_iq3_xxs_block>,
                              encode_iq3_xxs};
constinit const Codec iq3_s{{"iq3_s", "four numbers as one of 512 points, free signs", 256, sizeof(BlockIQ3_S)},
                            decode_blocks<BlockIQ3_S, kSuperBlockElements, decode_iq3_s_block>,
                            encode_iq3_s};

}  // namespace adze::codecs
