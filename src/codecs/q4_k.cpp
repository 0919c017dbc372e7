// Q4_K: 256 numbers of 4 bits in 8 groups of 32, each with a 6-bit scale and a 6-bit minimum.
//
//   144 bytes   f16 scale | f16 minimum | 12 bytes (six_bit_scales.h) | 128 bytes of codes
//   value = (scale * group_scale) * code - (minimum * group_minimum)
//
// Each 64 numbers have 32 bytes: number j in the low nibble of byte j, number j + 32 in its high nibble.
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"
#include "codecs/six_bit_scales.h"
#include "codecs/super_block_fit.h"

namespace adze::codecs {
namespace {

void decode_block(const BlockQ4_K& block, float* values) {
  const float scale = load_f16(block.scale);
  const float minimum = load_f16(block.minimum);
  const SixBitScales scales = unpack_six_bit_scales(block.scales);
  for (int group = 0; group < 8; ++group) {
    const float group_scale = scale * static_cast<float>(scales.scale[group]);
    const float group_minimum = minimum * static_cast<float>(scales.minimum[group]);
    const uint8_t* low = block.low + 32 * (group / 2);
    const int shift = 4 * (group % 2);
    for (int j = 0; j < 32; ++j) {
      values[32 * group + j] = group_scale * static_cast<float>(low[j] >> shift & 15) - group_minimum;
    }
  }
}

void decode_q4_k(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ4_K>(packed);
  for (int64_t b = 0; b < count / kSuperBlockElements; ++b) decode_block(blocks[b], values + b * kSuperBlockElements);
}

constexpr int kGroupElements = 32;
constexpr CodeRange kCodes{0, 15};

void encode_q4_k(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ4_K>(packed);
  for_each_lane_group(values, importance, count, kGroupElements, [&](LaneBlocks& lanes, int used, int64_t first) {
    importance ? normalize_weights(lanes, 8) : set_magnitude_weights(lanes, 8);
    const AffineSuperBlocks fitted = fit_affine_super_blocks(lanes, {kCodes, 8, 63, importance != nullptr});
    const LaneCodes codes = nearest_codes(lanes, kCodes, fitted.fit);
    for (int lane = 0; lane < used; lane += 8) {
      BlockQ4_K& block = blocks[(first + lane) / 8];
      store_f16(block.scale, fitted.scale[lane / 8]);
      store_f16(block.minimum, fitted.minimum[lane / 8]);
      SixBitScales scales;
      std::memcpy(scales.scale, fitted.group_scale + lane, sizeof scales.scale);
      std::memcpy(scales.minimum, fitted.group_minimum + lane, sizeof scales.minimum);
      pack_six_bit_scales(scales, block.scales);
      pack_codes(codes.code + lane * kGroupElements, block);
    }
  });
}

}  // namespace

constinit const Codec q4_k{{"q4_k", "4-bit codes, groups of 32 with 6-bit scales and minima", 256, sizeof(BlockQ4_K)},
                           decode_q4_k,
                           encode_q4_k};

}  // namespace adze::codecs
