// Q4_0 and Q4_1: 32 numbers of 4 bits with one scale.
//
//   Q4_0  18 bytes   f16 scale | 16 bytes of codes                  value = scale * (code - 8)
//   Q4_1  20 bytes   f16 scale | f16 offset | 16 bytes of codes     value = scale * code + offset
//
// Byte j holds code j in its low nibble and code j + 16 in its high nibble.
#include <array>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"

namespace adze::codecs {
namespace {

void pack_nibbles(const uint8_t (*codes)[kLanes], int lane, uint8_t* low) {
  for (int j = 0; j < 16; ++j) low[j] = static_cast<uint8_t>(codes[j][lane] | codes[j + 16][lane] << 4);
}

void decode_q4_0(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ4_0>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b, values += kBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    for (int j = 0; j < 16; ++j) {
      values[j] = scale * static_cast<float>((blocks[b].low[j] & 15) - 8);
      values[j + 16] = scale * static_cast<float>((blocks[b].low[j] >> 4) - 8);
    }
  }
}

void decode_q4_1(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ4_1>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b, values += kBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    const float offset = load_f16(blocks[b].offset);
    for (int j = 0; j < 16; ++j) {
      values[j] = scale * static_cast<float>(blocks[b].low[j] & 15) + offset;
      values[j + 16] = scale * static_cast<float>(blocks[b].low[j] >> 4) + offset;
    }
  }
}

constexpr CodeRange kSigned{-8, 7};
constexpr CodeRange kUnsigned{0, 15};
constexpr std::array kExtremeCodes = {-8.0f, -9.2f, -8.8f, -8.4f, -7.6f, -7.3f, -7.0f,
                                      8.0f,  9.2f,  8.8f,  8.4f,  7.6f,  7.3f,  7.0f};
constexpr std::array kOverhangs = {-0.7f, -0.3f, 0.1f, 0.5f, 1.0f};

void encode_q4_0(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ4_0>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    const LaneFit fit = find_scales(lanes, {kSigned, OffsetRule::none, true}, kExtremeCodes);
    uint8_t codes[kMaxLaneElements][kLanes];
    nearest_codes(lanes, kSigned, fit, codes);
    for (int lane = 0; lane < in_group; ++lane) {
      store_f16(blocks[first + lane].scale, fit.scale[lane]);
      pack_nibbles(codes, lane, blocks[first + lane].low);
    }
  });
}

void encode_q4_1(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ4_1>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    const LaneFit fit = find_scales_and_offsets(lanes, {kUnsigned, OffsetRule::free, true}, kOverhangs);
    uint8_t codes[kMaxLaneElements][kLanes];
    nearest_codes(lanes, kUnsigned, fit, codes);
    for (int lane = 0; lane < in_group; ++lane) {
      store_f16(blocks[first + lane].scale, fit.scale[lane]);
      store_f16(blocks[first + lane].offset, fit.offset[lane]);
      pack_nibbles(codes, lane, blocks[first + lane].low);
    }
  });
}

}  // namespace

constinit const Codec q4_0{
    {"q4_0", "4-bit codes, 32 share an f16 scale", 32, sizeof(BlockQ4_0)}, decode_q4_0, encode_q4_0};
constinit const Codec q4_1{
    {"q4_1", "4-bit codes, 32 share an f16 scale and offset", 32, sizeof(BlockQ4_1)}, decode_q4_1, encode_q4_1};

}  // namespace adze::codecs
