// Storage types of plain numbers that no codec exists for: what graph formats know beside the plain types of codecs/.
//
// Numbers of fewer than eight bits take a byte each here; formats pack and unpack them.
#pragma once

#include "tensor/codec_info.h"

namespace adze {

inline constexpr CodecInfo kU16{"u16", "16-bit unsigned integer", 1, 2};
inline constexpr CodecInfo kU32{"u32", "32-bit unsigned integer", 1, 4};
inline constexpr CodecInfo kU64{"u64", "64-bit unsigned integer", 1, 8};
inline constexpr CodecInfo kComplex64{"c64", "complex number of two 32-bit floats", 1, 8};
inline constexpr CodecInfo kComplex128{"c128", "complex number of two 64-bit floats", 1, 16};
inline constexpr CodecInfo kF8E4M3Fnuz{"f8_e4m3fnuz", "8-bit float, 4 exponent bits of bias 8, one zero", 1, 1};
inline constexpr CodecInfo kF8E5M2Fnuz{"f8_e5m2fnuz", "8-bit float, 5 exponent bits of bias 16, one zero", 1, 1};
inline constexpr CodecInfo kF8E8M0{"f8_e8m0", "8-bit power of two", 1, 1};
inline constexpr CodecInfo kF4E2M1{"f4_e2m1", "4-bit float, one per byte", 1, 1};
inline constexpr CodecInfo kI4{"i4", "4-bit signed integer, one per byte", 1, 1};
inline constexpr CodecInfo kU4{"u4", "4-bit unsigned integer, one per byte", 1, 1};
inline constexpr CodecInfo kI2{"i2", "2-bit signed integer, one per byte", 1, 1};
inline constexpr CodecInfo kU2{"u2", "2-bit unsigned integer, one per byte", 1, 1};

}  // namespace adze
