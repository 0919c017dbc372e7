// Q2_K: 256 numbers of 2 bits in 16 groups of 16, each with a 4-bit scale and a 4-bit minimum.
//
//   84 bytes   16 x (low nibble: group scale, high nibble: group minimum) | 64 bytes of codes | f16 scale | f16 minimum
//   value = (scale * group_scale) * code - (minimum * group_minimum)
//
// Each half of 128 numbers has 32 bytes: number 32 k + j of the half is in bits 2k, 2k + 1 of byte j.
#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"
#include "codecs/super_block_fit.h"

namespace adze::codecs {
namespace {

void decode_block(const BlockQ2_K& block, float* values) {
  const float scale = load_f16(block.scale);
  const float minimum = load_f16(block.minimum);
  for (int group = 0; group < 16; ++group) {
    const float group_scale = scale * static_cast<float>(block.scales[group] & 15);
    const float group_minimum = minimum * static_cast<float>(block.scales[group] >> 4);
    const uint8_t* bytes = block.low + 32 * (group / 8) + 16 * (group % 2);
    const int shift = 2 * (group / 2 % 4);
    for (int j = 0; j < 16; ++j) {
      values[16 * group + j] = group_scale * static_cast<float>(bytes[j] >> shift & 3) - group_minimum;
    }
  }
}

void decode_q2_k(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ2_K>(packed);
  for (int64_t b = 0; b < count / kSuperBlockElements; ++b) decode_block(blocks[b], values + b * kSuperBlockElements);
}

constexpr int kGroupElements = 16;
constexpr CodeRange kCodes{0, 3};

void encode_q2_k(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ2_K>(packed);
  for_each_lane_group(values, importance, count, kGroupElements, [&](LaneBlocks& lanes, int, int64_t first) {
    importance ? normalize_weights(lanes, kLanes) : set_magnitude_weights(lanes, kLanes);
    const AffineSuperBlocks fitted = fit_affine_super_blocks(lanes, {kCodes, kLanes, 15, importance != nullptr});
    const LaneCodes codes = nearest_codes(lanes, kCodes, fitted.fit);
    BlockQ2_K& block = blocks[first / kLanes];
    store_f16(block.scale, fitted.scale[0]);
    store_f16(block.minimum, fitted.minimum[0]);
    for (int group = 0; group < kLanes; ++group) {
      block.scales[group] = static_cast<uint8_t>(fitted.group_scale[group] | fitted.group_minimum[group] << 4);
    }
    pack_codes(codes.code, block);
  });
}

}  // namespace

constinit const Codec q2_k{{"q2_k", "2-bit codes, groups of 16 with 4-bit scales and minima", 256, sizeof(BlockQ2_K)},
                           decode_q2_k,
                           encode_q2_k};

}  // namespace adze::codecs
