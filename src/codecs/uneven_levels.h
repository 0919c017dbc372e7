// What the 4-bit codes of the types with uneven levels stand for, in integers that a scale multiplies.
#pragma once

#include <array>
#include <cstdint>

namespace adze::codecs {

/// IQ4_NL, IQ4_XS.
inline constexpr std::array<int8_t, 16> kIq4Levels = {-127, -104, -83, -65, -49, -35, -22, -10,
                                                      1,    13,   25,  38,  53,  69,  89,  113};

/// MXFP4, NVFP4: floats with 2 exponent bits and 1 mantissa bit, doubled so that they are integers. Bit 3 is the sign.
inline constexpr std::array<int8_t, 16> kFp4Levels = {0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12};

}  // namespace adze::codecs
