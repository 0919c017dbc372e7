// Q4_0 and Q4_1: 32 numbers of 4 bits with one scale.
//
//   Q4_0  18 bytes   f16 scale | 16 bytes of codes                  value = scale * (code - 8)
//   Q4_1  20 bytes   f16 scale | f16 offset | 16 bytes of codes     value = scale * code + offset
//
// Byte j holds code j in its low nibble and code j + 16 in its high nibble.
#include <array>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/scale_search.h"

namespace adze::codecs {
namespace {

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
// Without importance fewer places do as well.
constexpr std::array kFewExtremeCodes = {-8.8f, -8.4f, -8.221f, -8.032f, -7.793f, -7.373f, 6.993f, 7.184f};
constexpr std::array kExtremeCodes = {-8.0f, -9.2f, -8.8f, -8.4f, -7.6f, -7.3f, -7.0f,
                                      8.0f,  9.2f,  8.8f,  8.4f,  7.6f,  7.3f,  7.0f};

void encode_q4_0(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ4_0>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    const FitRules rules{kSigned, OffsetRule::none, true};
    const LaneFit fit =
        importance ? find_scales(lanes, rules, kExtremeCodes) : find_scales(lanes, rules, kFewExtremeCodes);
    const LaneCodes codes = nearest_codes(lanes, kSigned, fit);
    for (int lane = 0; lane < in_group; ++lane) {
      store_f16(blocks[first + lane].scale, fit.scale[lane]);
      pack_codes(codes.code + lane * kBlockElements, blocks[first + lane]);
    }
  });
}

void encode_q4_1(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ4_1>(packed);
  for_each_lane_group(values, importance, count, kBlockElements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    const FitRules rules{kUnsigned, OffsetRule::free, true};
    const LaneFit fit = find_scales_and_offsets(lanes, rules, kAllOverhangs);
    const LaneCodes codes = nearest_codes(lanes, kUnsigned, fit);
    for (int lane = 0; lane < in_group; ++lane) {
      store_f16(blocks[first + lane].scale, fit.scale[lane]);
      store_f16(blocks[first + lane].offset, fit.offset[lane]);
      pack_codes(codes.code + lane * kBlockElements, blocks[first + lane]);
    }
  });
}

}  // namespace

constinit const Codec q4_0{
    {"q4_0", "4-bit codes, 32 share an f16 scale", 32, sizeof(BlockQ4_0)}, decode_q4_0, encode_q4_0};
constinit const Codec q4_1{
    {"q4_1", "4-bit codes, 32 share an f16 scale and offset", 32, sizeof(BlockQ4_1)}, decode_q4_1, encode_q4_1};

}  // namespace adze::codecs
