// IQ4_NL and IQ4_XS: 4-bit codes that stand for sixteen uneven levels.
//
//   IQ4_NL   18 bytes   f16 scale | 16 bytes of codes                       32 numbers
//   IQ4_XS  136 bytes   f16 scale | u16: 8 x 2 bits | 4 bytes | 128 bytes   256 numbers in 8 groups of 32
//
//   IQ4_NL  value = scale * level[code]
//   IQ4_XS  value = (scale * (group_scale - 32)) * level[code]
//
// Byte j of 16 holds code j in its low nibble and code j + 16 in its high nibble; IQ4_XS has 16 bytes per group.
// The group scale g of IQ4_XS has its low four bits in nibble g % 2 of byte g / 2, its upper two at bit 2g of the u16.
#include <algorithm>
#include <array>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"
#include "codecs/super_block_fit.h"
#include "codecs/uneven_levels.h"

namespace adze::codecs {
namespace {

void decode_nibbles(float scale, const uint8_t* low, float* values) {
  for (int j = 0; j < 16; ++j) {
    values[j] = scale * static_cast<float>(kIq4Levels[low[j] & 15]);
    values[j + 16] = scale * static_cast<float>(kIq4Levels[low[j] >> 4]);
  }
}

void decode_iq4_nl(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockIQ4_NL>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b) {
    decode_nibbles(load_f16(blocks[b].scale), blocks[b].low, values + b * kBlockElements);
  }
}

int group_scale(const BlockIQ4_XS& block, int group) {
  const int low = block.scales_low[group / 2] >> (4 * (group % 2)) & 15;
  const int high = load_u16(block.scales_high) >> (2 * group) & 3;
  return (low | high << 4) - 32;
}

void decode_iq4_xs(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockIQ4_XS>(packed);
  for (int64_t b = 0; b < count / kSuperBlockElements; ++b, values += kSuperBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    for (int group = 0; group < 8; ++group) {
      decode_nibbles(scale * static_cast<float>(group_scale(blocks[b], group)), blocks[b].low + 16 * group,
                     values + kBlockElements * group);
    }
  }
}

// Levels, and places between and beyond them, where the number of largest magnitude may come to lie.
constexpr std::array kExtremeLevels = {-127.0f, -152.0f, -143.0f, -135.0f, -120.0f, -113.0f, -104.0f, -96.0f,
                                       113.0f,  152.0f,  143.0f,  135.0f,  127.0f,  120.0f,  106.0f,  99.0f};

// These do as well without importance.
constexpr std::array kFewExtremeLevels = {-135.0f,  -132.154f, -126.553f, -120.0f,  -112.233f, -106.0f,
                                          106.394f, 114.83f,   120.0f,    122.827f, 126.913f,  143.0f};

void encode_iq4_nl(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockIQ4_NL>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_magnitude_weights(lanes, 1);
    const FitRules rules{kIq4Codes, OffsetRule::none, true};
    const LaneFit fit =
        importance ? find_scales(lanes, rules, kExtremeLevels) : find_scales(lanes, rules, kFewExtremeLevels);
    const LaneCodes codes = nearest_codes(lanes, kIq4Codes, fit);
    for (int lane = 0; lane < in_group; ++lane) {
      store_f16(blocks[first + lane].scale, fit.scale[lane]);
      pack_codes(codes.code + lane * kBlockElements, blocks[first + lane]);
    }
  });
}

constexpr int kGroups = 8;
constexpr auto kPlaces = places_about(-127, 1.25f, 0.05f);
// These do as well without importance.
constexpr std::array kFewPlaces = {-143.0f,  -135.0f,  -132.154f, -126.553f, -123.478f, -120.0f,  -112.233f, -101.871f,
                                   101.213f, 105.145f, 113.064f,  118.4f,    123.48f,   126.913f, 135.0f,    143.0f};

void pack_group_scales(const int8_t* group_scales, BlockIQ4_XS& block) {
  std::fill_n(block.scales_low, sizeof block.scales_low, uint8_t{0});
  uint32_t high = 0;
  for (int group = 0; group < kGroups; ++group) {
    const auto code = static_cast<uint32_t>(group_scales[group] + 32);
    block.scales_low[group / 2] |= static_cast<uint8_t>((code & 15) << (4 * (group % 2)));
    high |= code >> 4 << (2 * group);
  }
  store_u16(block.scales_high, static_cast<uint16_t>(high));
}

void encode_iq4_xs(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockIQ4_XS>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int used, int64_t first) {
    importance ? normalize_weights(lanes, kGroups) : set_magnitude_weights(lanes, kGroups);
    SignedLayout layout{kIq4Codes, kGroups, {-32, 31}, importance != nullptr, kPlaces};
    if (!importance) layout.places = kFewPlaces;
    const SignedSuperBlocks fitted = fit_signed_super_blocks(lanes, layout);
    const LaneCodes codes = nearest_codes(lanes, kIq4Codes, fitted.fit);
    for (int lane = 0; lane < used; lane += kGroups) {
      BlockIQ4_XS& block = blocks[(first + lane) / kGroups];
      store_f16(block.scale, fitted.scale[lane / kGroups]);
      pack_group_scales(fitted.group_scale + lane, block);
      pack_codes(codes.code + lane * kBlockElements, block);
    }
  });
}

}  // namespace

constinit const Codec iq4_nl{
    {"iq4_nl", "4-bit codes for uneven levels, 32 share an f16 scale", 32, sizeof(BlockIQ4_NL)},
    decode_iq4_nl,
    encode_iq4_nl};
constinit const Codec iq4_xs{
    {"iq4_xs", "4-bit codes for uneven levels, groups of 32 with 6-bit scales", 256, sizeof(BlockIQ4_XS)},
    decode_iq4_xs,
    encode_iq4_xs};

}  // namespace adze::codecs
