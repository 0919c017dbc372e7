// IQ1_S and IQ1_M: 256 numbers; eight share a code for a point of a codebook of 2048 with coordinates -1, 0, 1, and are
// shifted by 1/8 up or down.  value = scale * (2 * group_scale + 1) * (point[i] +- 0.125)
//
//   IQ1_S  50 bytes   f16 scale | 32 low bytes of codes | 8 x u16          8 groups of 32
//   IQ1_M  56 bytes   32 low bytes of codes | 16 bytes | 4 x u16           16 groups of 16
//
// IQ1_S: the u16 of a group has four times the upper 3 bits of a code, the 3-bit scale at bit 12, the shift's sign on
// top. IQ1_M: the 16 bytes have a nibble per code: its upper 3 bits and the sign of the shift. Each u16 has four group
// scales of 3 bits; nibble k of the f16 scale is the upper nibble of u16 k.
#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codebooks.h"
#include "codecs/codec.h"

namespace adze::codecs {
namespace {

constexpr float kShift = 0.125f;

void write_shifted_point(float scale, uint32_t code, bool shift_down, float* values) {
  const Point<8>& point = iq1_codebook()[code];
  const float shift = shift_down ? -kShift : kShift;
  for (size_t i = 0; i < 8; ++i) values[i] = scale * (static_cast<float>(point[i]) + shift);
}

void decode_iq1_s_block(const BlockIQ1_S& block, float* values) {
  const float scale = load_f16(block.scale);
  for (int eight = 0; eight < 32; ++eight, values += 8) {
    const uint32_t word = load_u16(block.high + 2 * (eight / 4));
    const uint32_t code = block.low[eight] | (word >> (3 * (eight % 4)) & 7) << 8;
    write_shifted_point(scale * static_cast<float>(2 * (word >> 12 & 7) + 1), code, word >> 15 & 1, values);
  }
}

void decode_iq1_m_block(const BlockIQ1_M& block, float* values) {
  uint16_t words[4];
  uint32_t scale_bits = 0;
  for (int k = 0; k < 4; ++k) {
    words[k] = load_u16(block.scales + 2 * k);
    scale_bits |= static_cast<uint32_t>(words[k] >> 12) << (4 * k);
  }
  const float scale = f16_to_f32(static_cast<uint16_t>(scale_bits));
  for (int eight = 0; eight < 32; ++eight, values += 8) {
    const int group_scale = words[eight / 8] >> (3 * (eight / 2 % 4)) & 7;
    const uint32_t nibble = block.high[eight / 2] >> (4 * (eight % 2)) & 15u;
    const uint32_t code = block.low[eight] | (nibble & 7) << 8;
    write_shifted_point(scale * static_cast<float>(2 * group_scale + 1), code, nibble >> 3, values);
  }
}

}  // namespace

constinit const Codec iq1_s{{"iq1_s", "eight numbers as one of 2048 points, groups of 32", 256, sizeof(BlockIQ1_S)},
                            decode_blocks<BlockIQ1_S, kSuperBlockElements, decode_iq1_s_block>,
                            nullptr};
constinit const Codec iq1_m{{"iq1_m", "eight numbers as one of 2048 points, groups of 16", 256, sizeof(BlockIQ1_M)},
                            decode_blocks<BlockIQ1_M, kSuperBlockElements, decode_iq1_m_block>,
                            nullptr};

}  // namespace adze::codecs
