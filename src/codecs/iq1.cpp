// IQ1_S and IQ1_M: 256 numbers; eight share a code for a point of a codebook of 2048 with coordinates -1, 0, 1, and are
// shifted by 1/8 up or down.  value = scale * (2 * group_scale + 1) * (point[i] +- 0.125)
//
//   IQ1_S  50 bytes   f16 scale | 32 low bytes of codes | 8 x u16          8 groups of 32
//   IQ1_M  56 bytes   32 low bytes of codes | 16 bytes | 4 x u16           16 groups of 16
//
// IQ1_S: the u16 of a group has four times the upper 3 bits of a code, the 3-bit scale at bit 12, the shift's sign on
// top. IQ1_M: the 16 bytes have a nibble per code: its upper 3 bits and the sign of the shift. Each u16 has four group
// scales of 3 bits; nibble k of the f16 scale is the upper nibble of u16 k.
#include <array>
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codebook_blocks.h"
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

// Where the largest magnitude of a group may come to lie, relative to the largest level.
constexpr std::array kPlaces = {0.9f, 1.0f, 1.12f, 1.25f, 1.4f, 1.56f, 1.75f, 1.95f, 2.2f, 2.5f};

const CodebookSearch& shifted_codebooks() {
  static const CodebookSearch search(kPackedIq1, kIq1Levels, {kShift, -kShift});
  return search;
}

void encode_iq1_s(const float* values, const float* importance, std::byte* packed, int64_t count) {
  const CodebookLayout layout{shifted_codebooks(), PointSigns::in_codebook, 8, 7, 1.0f, true, false, kPlaces};
  const auto write = [](const CodebookFit& fit, int lane, BlockIQ1_S& block) {
    store_f16(block.scale, fit.scale[lane / 8]);
    for (int group = 0; group < 8; ++group, ++lane) {
      uint32_t word = static_cast<uint32_t>(fit.group_scale[lane] << 12 | fit.book[0][lane] << 15);
      for (int eight = 0; eight < 4; ++eight) {
        block.low[4 * group + eight] = static_cast<uint8_t>(fit.code[eight][lane]);
        word |= static_cast<uint32_t>(fit.code[eight][lane] >> 8) << (3 * eight);
      }
      store_u16(block.high + 2 * group, static_cast<uint16_t>(word));
    }
  };
  fit_blocks<BlockIQ1_S>(values, importance, packed, count, layout, write);
}

void encode_iq1_m(const float* values, const float* importance, std::byte* packed, int64_t count) {
  const CodebookLayout layout{shifted_codebooks(), PointSigns::in_codebook, 16, 7, 1.0f, false, false, kPlaces};
  const auto write = [](const CodebookFit& fit, int, BlockIQ1_M& block) {
    std::memset(block.high, 0, sizeof block.high);
    for (int eight = 0; eight < 32; ++eight) {
      const uint16_t code = fit.code[eight % 2][eight / 2];
      block.low[eight] = static_cast<uint8_t>(code);
      const int nibble = code >> 8 | fit.book[eight % 2][eight / 2] << 3;
      block.high[eight / 2] |= static_cast<uint8_t>(nibble << (4 * (eight % 2)));
    }
    const uint16_t scale = f32_to_f16(fit.scale[0]);
    for (int k = 0; k < 4; ++k) {
      int word = (scale >> (4 * k) & 15) << 12;
      for (int i = 0; i < 4; ++i) word |= fit.group_scale[4 * k + i] << (3 * i);
      store_u16(block.scales + 2 * k, static_cast<uint16_t>(word));
    }
  };
  fit_blocks<BlockIQ1_M>(values, importance, packed, count, layout, write);
}

}  // namespace

constinit const Codec iq1_s{{"iq1_s", "eight numbers as one of 2048 points, groups of 32", 256, sizeof(BlockIQ1_S)},
                            decode_blocks<BlockIQ1_S, kSuperBlockElements, decode_iq1_s_block>,
                            encode_iq1_s};
constinit const Codec iq1_m{{"iq1_m", "eight numbers as one of 2048 points, groups of 16", 256, sizeof(BlockIQ1_M)},
                            decode_blocks<BlockIQ1_M, kSuperBlockElements, decode_iq1_m_block>,
                            encode_iq1_m};

}  // namespace adze::codecs
