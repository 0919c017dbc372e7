// MXFP4 and NVFP4: 4-bit floats (1 sign, 2 exponent, 1 mantissa bit: 0, 0.5, 1, 1.5, 2, 3, 4, 6) with a scale per
// group.
//
//   MXFP4  17 bytes   exponent byte e | 16 bytes of codes           32 numbers, value = 2^(e - 127) * float4(code)
//   NVFP4  36 bytes   4 x unsigned e4m3 scale | 32 bytes of codes   64 numbers in 4 groups of 16
//
// MXFP4: byte j holds code j in its low nibble and code j + 16 in its high nibble. NVFP4: each group has 8 bytes, byte
// j holds code j in its low nibble and code j + 8 in its high nibble. The levels are kept doubled and the scales
// halved. An e4m3 scale has 4 exponent bits (bias 7) and 3 mantissa bits; the bytes 0 and 0x7F are zero.
#include <bit>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "codecs/uneven_levels.h"

namespace adze::codecs {
namespace {

constexpr int kNvfp4Elements = 64;
constexpr int kNvfp4GroupElements = 16;

/// 2^(e - 128): half of what the byte says, as the levels are doubled.
float half_of_exponent(uint8_t e) {
  return std::bit_cast<float>(e < 2 ? 0x00200000u << e : static_cast<uint32_t>(e - 1) << 23);
}

/// Half of what the unsigned e4m3 byte says.
float half_of_e4m3(uint8_t byte) {
  if (byte == 0x7F) return 0.0f;
  const uint32_t exponent = byte >> 3 & 15;
  const auto mantissa = static_cast<float>(byte & 7);
  if (exponent == 0) return mantissa * 0x1p-10f;
  return (1.0f + mantissa / 8.0f) * std::bit_cast<float>((exponent + 119) << 23);
}

void decode_mxfp4(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockMXFP4>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b, values += kBlockElements) {
    const float scale = half_of_exponent(blocks[b].exponent);
    for (int j = 0; j < 16; ++j) {
      values[j] = scale * static_cast<float>(kFp4Levels[blocks[b].low[j] & 15]);
      values[j + 16] = scale * static_cast<float>(kFp4Levels[blocks[b].low[j] >> 4]);
    }
  }
}

void decode_nvfp4(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockNVFP4>(packed);
  for (int64_t b = 0; b < count / kNvfp4Elements; ++b) {
    for (int group = 0; group < 4; ++group, values += kNvfp4GroupElements) {
      const float scale = half_of_e4m3(blocks[b].scales[group]);
      const uint8_t* low = blocks[b].low + 8 * group;
      for (int j = 0; j < 8; ++j) {
        values[j] = scale * static_cast<float>(kFp4Levels[low[j] & 15]);
        values[j + 8] = scale * static_cast<float>(kFp4Levels[low[j] >> 4]);
      }
    }
  }
}

}  // namespace

constinit const Codec mxfp4{
    {"mxfp4", "4-bit floats, 32 share a power of two", 32, sizeof(BlockMXFP4)}, decode_mxfp4, nullptr};
constinit const Codec nvfp4{
    {"nvfp4", "4-bit floats, 16 share an 8-bit float scale", kNvfp4Elements, sizeof(BlockNVFP4)},
    decode_nvfp4,
    nullptr};

}  // namespace adze::codecs
