// Q3_K: 256 numbers of 3 bits in 16 groups of 16, each with a signed 6-bit scale.
//
//   110 bytes   32 bytes of third bits | 64 bytes of low bits | 12 bytes of scales | f16 scale
//   value = (scale * (group_scale - 32)) * code, code in -4..3
//
// Low bits: each half of 128 numbers has 32 bytes; number 32 k + j of the half is in bits 2k, 2k + 1 of byte j.
// Third bits: number 32 k + j of the block is bit k of byte j; a cleared bit means "subtract 4".
// Scales: the low four bits of scale g are in byte g % 8 (low nibble for g < 8, high nibble for the others), its
// upper two bits in byte 8 + g % 4 at bit 2 * (g / 4).
#include <array>
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"
#include "codecs/super_block_fit.h"

namespace adze::codecs {
namespace {

int group_scale(const uint8_t* scales, int group) {
  const int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
  const int high = scales[8 + group % 4] >> (2 * (group / 4)) & 3;
  return (low | high << 4) - 32;
}

void decode_block(const BlockQ3_K& block, float* values) {
  const float scale = load_f16(block.scale);
  for (int group = 0; group < 16; ++group) {
    const float scaled = scale * static_cast<float>(group_scale(block.scales, group));
    const uint8_t* low = block.low + 32 * (group / 8) + 16 * (group % 2);
    const uint8_t* high = block.high + 16 * (group % 2);
    const int low_shift = 2 * (group / 2 % 4);
    const int high_shift = group / 2;
    for (int j = 0; j < 16; ++j) {
      const int code = (low[j] >> low_shift & 3) | (high[j] >> high_shift & 1) << 2;
      values[16 * group + j] = scaled * static_cast<float>(code - 4);
    }
  }
}

void decode_q3_k(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ3_K>(packed);
  for (int64_t b = 0; b < count / kSuperBlockElements; ++b) decode_block(blocks[b], values + b * kSuperBlockElements);
}

constexpr int kGroupElements = 16;
constexpr CodeRange kCodes{-4, 3};
constexpr CodeRange kGroupScales{-32, 31};
constexpr auto kPlaces = places_about(-4, 1.25f, 0.05f);
// These do as well without importance.
constexpr std::array kFewPlaces = {-4.64f, -4.4f,  -4.0f, -3.777f, -3.654f, -3.2f,
                                   2.161f, 2.541f, 3.2f,  4.0f,    4.4f,    4.8f};

void pack_group_scales(const int8_t* group_scales, uint8_t* scales) {
  std::memset(scales, 0, sizeof(BlockQ3_K::scales));
  for (int group = 0; group < kLanes; ++group) {
    const int code = group_scales[group] + 32;
    scales[group % 8] |= static_cast<uint8_t>((code & 15) << (4 * (group / 8)));
    scales[8 + group % 4] |= static_cast<uint8_t>(code >> 4 << (2 * (group / 4)));
  }
}

void encode_q3_k(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ3_K>(packed);
  for_each_lane_group(values, importance, count, kGroupElements, [&](LaneBlocks& lanes, int, int64_t first) {
    importance ? normalize_weights(lanes, kLanes) : set_magnitude_weights(lanes, kLanes);
    SignedLayout layout{kCodes, kLanes, kGroupScales, importance != nullptr, kPlaces};
    if (!importance) layout.places = kFewPlaces;
    const SignedSuperBlocks fitted = fit_signed_super_blocks(lanes, layout);
    const LaneCodes codes = nearest_codes(lanes, kCodes, fitted.fit);
    BlockQ3_K& block = blocks[first / kLanes];
    store_f16(block.scale, fitted.scale[0]);
    pack_group_scales(fitted.group_scale, block.scales);
    pack_codes(codes.code, block);
  });
}

}  // namespace

constinit const Codec q3_k{
    {"q3_k", "3-bit codes, groups of 16 with signed 6-bit scales", 256, sizeof(BlockQ3_K)}, decode_q3_k, encode_q3_k};

}  // namespace adze::codecs
