// Q1_0 and Q2_0: one or two bits and one scale.
//
//   Q1_0  18 bytes   f16 scale | 16 bytes of signs, number i in bit i     128 numbers, value = bit ? scale : -scale
//   Q2_0  18 bytes   f16 scale | 16 bytes of codes, number i in bits 2i   64 numbers, value = (code - 1) * scale
#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"

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

}  // namespace

constinit const Codec q1_0{
    {"q1_0", "signs, 128 share an f16 scale", kQ1_0Elements, sizeof(BlockQ1_0)}, decode_q1_0, nullptr};
constinit const Codec q2_0{
    {"q2_0", "-1, 0, 1 or 2, 64 share an f16 scale", kQ2_0Elements, sizeof(BlockQ2_0)}, decode_q2_0, nullptr};

}  // namespace adze::codecs
