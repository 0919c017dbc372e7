// Q6_K: 256 numbers of 6 bits in 16 groups of 16, each with an 8-bit scale.
//
//   210 bytes   128 bytes of low nibbles | 64 bytes of upper bits | 16 x int8 group scale | f16 scale
//   value = (scale * group_scale) * (code - 32)
//
// Each half of 128 numbers has 64 bytes of low nibbles and 32 bytes of upper bits. Number 64 k + j of the half has its
// low four bits in nibble k of byte j; number 32 k + j has its upper two bits in bits 2k, 2k + 1 of byte j.
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"
#include "codecs/super_block_fit.h"

namespace adze::codecs {
namespace {

void decode_block(const BlockQ6_K& block, float* values) {
  const float scale = load_f16(block.scale);
  for (int group = 0; group < 16; ++group) {
    const float group_scale = scale * static_cast<float>(static_cast<int8_t>(block.scales[group]));
    const uint8_t* low = block.low + 64 * (group / 8) + 16 * (group % 4);
    const uint8_t* high = block.high + 32 * (group / 8) + 16 * (group % 2);
    const int low_shift = 4 * (group / 4 % 2);
    const int high_shift = 2 * (group / 2 % 4);
    for (int j = 0; j < 16; ++j) {
      const int code = (low[j] >> low_shift & 15) | (high[j] >> high_shift & 3) << 4;
      values[16 * group + j] = group_scale * static_cast<float>(code - 32);
    }
  }
}

void decode_q6_k(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ6_K>(packed);
  for (int64_t b = 0; b < count / kSuperBlockElements; ++b) decode_block(blocks[b], values + b * kSuperBlockElements);
}

constexpr int kGroupElements = 16;
constexpr CodeRange kCodes{-32, 31};

/// `codes` are 0..63; lane g is group g.
void pack_codes(const uint8_t (*codes)[kLanes], BlockQ6_K& block) {
  for (int half = 0; half < 2; ++half) {
    for (int j = 0; j < 32; ++j) {
      // The four numbers at j, j + 32, j + 64 and j + 96 of the half share their upper bits' byte.
      uint8_t quarter[4];
      for (int k = 0; k < 4; ++k) quarter[k] = codes[j % 16][8 * half + 2 * k + j / 16];
      block.low[64 * half + j] = static_cast<uint8_t>((quarter[0] & 15) | (quarter[2] & 15) << 4);
      block.low[64 * half + 32 + j] = static_cast<uint8_t>((quarter[1] & 15) | (quarter[3] & 15) << 4);
      block.high[32 * half + j] =
          static_cast<uint8_t>(quarter[0] >> 4 | quarter[1] >> 4 << 2 | quarter[2] >> 4 << 4 | quarter[3] >> 4 << 6);
    }
  }
}

void encode_q6_k(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ6_K>(packed);
  for_each_lane_group(values, importance, count, kGroupElements, [&](LaneBlocks& lanes, int, int64_t first) {
    if (!importance) set_magnitude_weights(lanes);
    normalize_weights(lanes, kLanes);
    const SignedSuperBlocks fitted = fit_signed_super_blocks(lanes, {kCodes, kLanes, {-128, 127}});
    uint8_t codes[kMaxLaneElements][kLanes];
    nearest_codes(lanes, kCodes, fitted.fit, codes);
    BlockQ6_K& block = blocks[first / kLanes];
    store_f16(block.scale, fitted.scale[0]);
    std::memcpy(block.scales, fitted.group_scale, sizeof block.scales);
    pack_codes(codes, block);
  });
}

}  // namespace

constinit const Codec q6_k{
    {"q6_k", "6-bit codes, groups of 16 with 8-bit scales", 256, sizeof(BlockQ6_K)}, decode_q6_k, encode_q6_k};

}  // namespace adze::codecs
