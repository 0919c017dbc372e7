// Q6_K: 256 numbers of 6 bits in 16 groups of 16, each with an 8-bit scale.
//
//   210 bytes   128 bytes of low nibbles | 64 bytes of upper bits | 16 x int8 group scale | f16 scale
//   value = (scale * group_scale) * (code - 32)
//
// Each half of 128 numbers has 64 bytes of low nibbles and 32 bytes of upper bits. Number 64 k + j of the half has its
// low four bits in nibble k of byte j; number 32 k + j has its upper two bits in bits 2k, 2k + 1 of byte j.
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
// Found by letting them wander while the error fell, on five distributions.
constexpr std::array kPlaces = {-34.0f,   -33.501f, -33.002f, -32.502f, -32.003f, -31.645f, -31.161f, -30.727f,
                                -30.006f, -29.008f, -28.509f, -28.01f,  -27.011f, -25.894f, 28.325f,  29.731f};

void encode_q6_k(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ6_K>(packed);
  for_each_lane_group(values, importance, count, kGroupElements, [&](LaneBlocks& lanes, int, int64_t first) {
    importance ? normalize_weights(lanes, kLanes) : set_magnitude_weights(lanes, kLanes);
    const SignedSuperBlocks fitted =
        fit_signed_super_blocks(lanes, {kCodes, kLanes, {-128, 127}, importance != nullptr, kPlaces});
    const LaneCodes codes = nearest_codes(lanes, kCodes, fitted.fit);
    BlockQ6_K& block = blocks[first / kLanes];
    store_f16(block.scale, fitted.scale[0]);
    std::memcpy(block.scales, fitted.group_scale, sizeof block.scales);
    pack_codes(codes.code, block);
  });
}

}  // namespace

constinit const Codec q6_k{
    {"q6_k", "6-bit codes, groups of 16 with 8-bit scales", 256, sizeof(BlockQ6_K)}, decode_q6_k, encode_q6_k};

}  // namespace adze::codecs
