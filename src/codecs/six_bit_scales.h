// The 12 bytes in which Q4_K and Q5_K keep eight scales and eight minima of 6 bits:
//
//   byte j,     j = 0..3   scale j          | upper two bits of scale j + 4   << 6
//   byte j + 4, j = 0..3   minimum j        | upper two bits of minimum j + 4 << 6
//   byte j + 8, j = 0..3   low four bits of scale j + 4 | low four bits of minimum j + 4 << 4
#pragma once

#include <cstdint>

namespace adze::codecs {

struct SixBitScales {
  uint8_t scale[8];
  uint8_t minimum[8];
};

inline SixBitScales unpack_six_bit_scales(const uint8_t* bytes) {
  SixBitScales scales;
  for (int j = 0; j < 4; ++j) {
    scales.scale[j] = bytes[j] & 63;
    scales.minimum[j] = bytes[j + 4] & 63;
    scales.scale[j + 4] = static_cast<uint8_t>((bytes[j + 8] & 15) | bytes[j] >> 6 << 4);
    scales.minimum[j + 4] = static_cast<uint8_t>(bytes[j + 8] >> 4 | bytes[j + 4] >> 6 << 4);
  }
  return scales;
}

inline void pack_six_bit_scales(const SixBitScales& scales, uint8_t* bytes) {
  for (int j = 0; j < 4; ++j) {
    const uint8_t scale = scales.scale[j + 4];
    const uint8_t minimum = scales.minimum[j + 4];
    bytes[j] = static_cast<uint8_t>(scales.scale[j] | scale >> 4 << 6);
    bytes[j + 4] = static_cast<uint8_t>(scales.minimum[j] | minimum >> 4 << 6);
    bytes[j + 8] = static_cast<uint8_t>((scale & 15) | (minimum & 15) << 4);
  }
}

}  // namespace adze::codecs
