// Q1_0 and Q2_0: one or two bits and one scale.
//
//   Q1_0  18 bytes   f16 scale | 16 bytes of signs, number i in bit i     128 numbers, value = bit ? scale : -scale
//   Q2_0  18 bytes   f16 scale | 16 bytes of codes, number i in bits 2i   64 numbers, value = (code - 1) * scale
#include <algorithm>
#include <array>
#include <cmath>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "codecs/finite_values.h"
#include "codecs/scale_search.h"

namespace adze::codecs {
namespace {

constexpr int kQ1_0Elements = 128;
constexpr int kQ2_0Elements = 64;

void decode_q1_0(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ1_0>(packed);
  for (int64_t b = 0; b < count / kQ1_0Elements; ++b, values += kQ1_0Elements) {
    const float scale = load_f16(blocks[b].scale);
    for (int i = 0; i < kQ1_0Elements; ++i) values[i] = blocks[b].signs[i / 8] >> (i % 8) & 1 ? scale : -scale;
  }
}

void decode_q2_0(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockQ2_0>(packed);
  for (int64_t b = 0; b < count / kQ2_0Elements; ++b, values += kQ2_0Elements) {
    const float scale = load_f16(blocks[b].scale);
    for (int i = 0; i < kQ2_0Elements; ++i) {
      values[i] = static_cast<float>((blocks[b].codes[i / 4] >> (2 * (i % 4)) & 3) - 1) * scale;
    }
  }
}

/// The best scale for signs is the weighted mean of the magnitudes.
void encode_q1_0(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ1_0>(packed);
  for (int64_t at = 0; at < count; at += kQ1_0Elements, ++blocks) {
    const FiniteBlock<kQ1_0Elements> block(values + at, importance ? importance + at : nullptr);
    double weighted = 0, weight = 0;
    std::fill_n(blocks->signs, sizeof blocks->signs, uint8_t{0});
    for (int i = 0; i < kQ1_0Elements; ++i) {
      weighted += static_cast<double>(block.w[i]) * std::fabs(block.x[i]);
      weight += block.w[i];
      blocks->signs[i / 8] |= static_cast<uint8_t>((block.x[i] >= 0) << (i % 8));
    }
    store_f16(blocks->scale, nearest_f16(static_cast<float>(weighted / weight)));
  }
}

constexpr CodeRange kQ2_0Codes{-1, 2};
// Where the number of largest magnitude may come to lie: far outside when the others are much smaller.
constexpr std::array kExtremeCodes = {2.0f,  1.0f,  1.5f,  1.75f,  2.25f,  2.5f,  2.8f,  3.1f,  3.5f,
                                      -2.0f, -1.0f, -1.5f, -1.75f, -2.25f, -2.5f, -2.8f, -3.1f, -3.5f};

void encode_q2_0(const float* values, const float* importance, std::byte* packed, int64_t count) {
  auto* blocks = blocks_at<BlockQ2_0>(packed);
  for_each_lane_group(values, importance, count, kQ2_0Elements, [&](LaneBlocks& lanes, int in_group, int64_t first) {
    importance ? normalize_weights(lanes, 1) : set_equal_weights(lanes);
    const LaneFit fit = find_scales(lanes, {kQ2_0Codes, OffsetRule::none, true}, kExtremeCodes);
    const LaneCodes codes = nearest_codes(lanes, kQ2_0Codes, fit);
    for (int lane = 0; lane < in_group; ++lane) {
      BlockQ2_0& block = blocks[first + lane];
      store_f16(block.scale, fit.scale[lane]);
      for (int i = 0; i < 16; ++i) {
        const uint8_t* four = codes.code + lane * kQ2_0Elements + 4 * i;
        block.codes[i] = static_cast<uint8_t>(four[0] | four[1] << 2 | four[2] << 4 | four[3] << 6);
      }
    }
  });
}

}  // namespace

constinit const Codec q1_0{
    {"q1_0", "signs, 128 share an f16 scale", kQ1_0Elements, sizeof(BlockQ1_0)}, decode_q1_0, encode_q1_0};
constinit const Codec q2_0{
    {"q2_0", "-1, 0, 1 or 2, 64 share an f16 scale", kQ2_0Elements, sizeof(BlockQ2_0)}, decode_q2_0, encode_q2_0};

}  // namespace adze::codecs
