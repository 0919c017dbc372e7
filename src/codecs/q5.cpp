// Q5_0 and Q5_1: 32 numbers of 5 bits with one scale.
//
//   Q5_0  22 bytes   f16 scale | u32 fifth bits | 16 bytes of low nibbles                value = scale * (code - 16)
//   Q5_1  24 bytes   f16 scale | f16 offset | u32 fifth bits | 16 bytes of low nibbles   value = scale * code + offset
//
// Byte j holds the lower four bits of code j in its low nibble and those of code j + 16 in its high nibble; the
// fifth bit of code i is bit i of the little-endian u32.
#include <array>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"

namespace adze::codecs {
namespace {

/// Code j (of the low nibbles) and code j + 16 (of the high nibbles).
int low_code(const uint8_t* low, uint32_t high, int j) {
  return (low[j] & 15) | static_cast<int>((high >> j & 1u) << 4);
}
int high_code(const uint8_t* low, uint32_t high, int j) {
  return low[j] >> 4 | static_cast<int>((high >> (j + 16) & 1u) << 4);
}

void decode_q5_0(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ5_0>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b, values += kBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    const uint32_t high = load_u32(blocks[b].high);
    for (int j = 0; j < 16; ++j) {
      values[j] = scale * static_cast<float>(low_code(blocks[b].low, high, j) - 16);
      values[j + 16] = scale * static_cast<float>(high_code(blocks[b].low, high, j) - 16);
    }
  }
}

void decode_q5_1(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ5_1>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b, values += kBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    const float offset = load_f16(blocks[b].offset);
    const uint32_t high = load_u32(blocks[b].high);
    for (int j = 0; j < 16; ++j) {
      values[j] = scale * static_cast<float>(low_code(blocks[b].low, high, j)) + offset;
      values[j + 16] = scale * static_cast<float>(high_code(blocks[b].low, high, j)) + offset;
    }
  }
}

constexpr CodeRange kSigned{-16, 15};
constexpr CodeRange kUnsigned{0, 31};
constexpr std::array kExtremeCodes = {-16.8f, -16.4f, -16.176f, -16.04f, -15.721f, 14.057f, 14.928f, 15.348f};

void encode_q5_0(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ5_0>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    const LaneFit fit = find_scales(lanes, {kSigned, OffsetRule::none, true}, kExtremeCodes);
    const LaneCodes codes = nearest_codes(lanes, kSigned, fit);
    for (int lane = 0; lane < in_group; ++lane) {
      BlockQ5_0& block = blocks[first + lane];
      store_f16(block.scale, fit.scale[lane]);
      pack_codes(codes.code + lane * kBlockElements, block);
    }
  });
}

void encode_q5_1(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ5_1>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    const FitRules rules{kUnsigned, OffsetRule::free, true};
    const LaneFit fit = find_scales_and_offsets(lanes, rules, kAllOverhangs);
    const LaneCodes codes = nearest_codes(lanes, kUnsigned, fit);
    for (int lane = 0; lane < in_group; ++lane) {
      BlockQ5_1& block = blocks[first + lane];
      store_f16(block.scale, fit.scale[lane]);
      store_f16(block.offset, fit.offset[lane]);
      pack_codes(codes.code + lane * kBlockElements, block);
    }
  });
}

}  // namespace

constinit const Codec q5_0{
    {"q5_0", "5-bit codes, 32 share an f16 scale", 32, sizeof(BlockQ5_0)}, decode_q5_0, encode_q5_0};
constinit const Codec q5_1{
    {"q5_1", "5-bit codes, 32 share an f16 scale and offset", 32, sizeof(BlockQ5_1)}, decode_q5_1, encode_q5_1};

}  // namespace adze::codecs
