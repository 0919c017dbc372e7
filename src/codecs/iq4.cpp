// IQ4_NL and IQ4_XS: 4-bit codes that stand for sixteen uneven levels.
//
//   IQ4_NL   18 bytes   f16 scale | 16 bytes of codes                       32 numbers
//   IQ4_XS  136 bytes   f16 scale | u16: 8 x 2 bits | 4 bytes | 128 bytes   256 numbers in 8 groups of 32
//
//   IQ4_NL  value = scale * level[code]
//   IQ4_XS  value = (scale * (group_scale - 32)) * level[code]
//
// Byte j of 16 holds code j in its low nibble and code j + 16 in its high nibble; IQ4_XS has 16 bytes per group.
// The group scale g of IQ4_XS has its low four bits in nibble g % 2 of byte g / 2, its upper two at bit 2g of the u16.
#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "codecs/uneven_levels.h"

namespace adze::codecs {
namespace {

void decode_nibbles(float scale, const uint8_t* low, float* values) {
  for (int j = 0; j < 16; ++j) {
    values[j] = scale * static_cast<float>(kIq4Levels[low[j] & 15]);
    values[j + 16] = scale * static_cast<float>(kIq4Levels[low[j] >> 4]);
  }
}

void decode_iq4_nl(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockIQ4_NL>(packed);
  for (int64_t b = 0; b < count / kBlockElements; ++b) {
    decode_nibbles(load_f16(blocks[b].scale), blocks[b].low, values + b * kBlockElements);
  }
}

int group_scale(const BlockIQ4_XS& block, int group) {
  const int low = block.scales_low[group / 2] >> (4 * (group % 2)) & 15;
  const int high = load_u16(block.scales_high) >> (2 * group) & 3;
  return (low | high << 4) - 32;
}

void decode_iq4_xs(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<BlockIQ4_XS>(packed);
  for (int64_t b = 0; b < count / kSuperBlockElements; ++b, values += kSuperBlockElements) {
    const float scale = load_f16(blocks[b].scale);
    for (int group = 0; group < 8; ++group) {
      decode_nibbles(scale * static_cast<float>(group_scale(blocks[b], group)), blocks[b].low + 16 * group,
                     values + kBlockElements * group);
    }
  }
}

}  // namespace

constinit const Codec iq4_nl{
    {"iq4_nl", "4-bit codes for uneven levels, 32 share an f16 scale", 32, sizeof(BlockIQ4_NL)},
    decode_iq4_nl,
    nullptr};
constinit const Codec iq4_xs{
    {"iq4_xs", "4-bit codes for uneven levels, groups of 32 with 6-bit scales", 256, sizeof(BlockIQ4_XS)},
    decode_iq4_xs,
    nullptr};

}  // namespace adze::codecs
