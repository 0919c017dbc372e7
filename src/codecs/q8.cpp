// Q8_0: 32 numbers of 8 bits with one scale.
//
//   Q8_0  34 bytes   f16 scale | 32 x int8      value = scale * code
//
// We never write the code -128: kernels that take absolute values of codes then stay within int8.
#include <array>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"

namespace adze::codecs {
namespace {

void decode_q8_0(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ8_0>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b, values += kBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    for (int i = 0; i < kBlockElements; ++i) {
      values[i] = static_cast<float>(static_cast<int8_t>(blocks[b].codes[i])) * scale;
    }
  }
}

constexpr CodeRange kCodes{-127, 127};
constexpr std::array kExtremeCodes = {127.0f, 126.0f, 125.0f, 124.0f, 123.0f, 122.0f,
                                      121.0f, 120.0f, 119.0f, 127.4f, 118.0f, 125.5f};

void encode_q8_0(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ8_0>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    const LaneFit fit = find_scales(lanes, {kCodes, OffsetRule::none, true}, kExtremeCodes);
    const LaneCodes codes = nearest_codes(lanes, kCodes, fit);
    for (int lane = 0; lane < in_group; ++lane) {
      BlockQ8_0& block = blocks[first + lane];
      store_f16(block.scale, fit.scale[lane]);
      pack_codes(codes.code + lane * kBlockElements, block);
    }
  });
}

}  // namespace

constinit const Codec q8_0{
    {"q8_0", "8-bit codes, 32 share an f16 scale", 32, sizeof(BlockQ8_0)}, decode_q8_0, encode_q8_0};

}  // namespace adze::codecs
