// From rows16 groups to float tiles, over the operations of scale_rows_<isa>.h (to be included before), compiled once
// for each ISA.
#pragma once

#include "ops/linear/float_tile.h"
#include "ops/linear/rows16_unpack.h"

namespace adze::ops {
namespace {

typedef uint32_t LaneWords __attribute__((vector_size(4 * kGroupRows), aligned(1), may_alias));
typedef float LaneFloats __attribute__((vector_size(4 * kGroupRows), aligned(1), may_alias));

inline LaneFloats& lanes_at(float* at) { return *reinterpret_cast<LaneFloats*>(at); }

inline void widen_group(PlainNumber type, const uint8_t* group, int64_t numbers, float* tile) {
  for (int64_t k = 0; k < numbers; ++k, tile += kTileRows) {
    if (type == PlainNumber::f16) {
      ScaleRows::widen(group + k * 2 * kGroupRows, tile);
    } else if (type == PlainNumber::f32) {
      __builtin_memcpy(tile, group + k * 4 * kGroupRows, 4 * kGroupRows);
    } else {
      uint16_t halves[kGroupRows];
      __builtin_memcpy(halves, group + k * 2 * kGroupRows, sizeof halves);
      uint32_t words[kGroupRows];
      for (int r = 0; r < kGroupRows; ++r) words[r] = static_cast<uint32_t>(halves[r]) << 16;
      __builtin_memcpy(tile, words, sizeof words);
    }
  }
}

// The numbers of kGroupRows rows that share scales: value = scale * (code - zero_point) - minimum. The product is exact
// (at most 24 bits), so this is the number that the codec decodes, fused or not. A code becomes a float as the last
// bits of 2^23 + code: compilers split conversions of vectors wider than the machine's into single numbers.
inline void decode_quads(const uint8_t* codes, int quads, const float* scales, const float* minima, int zero_point,
                         float* tile) {
  LaneFloats scale, minimum = {};
  __builtin_memcpy(&scale, scales, sizeof scale);
  if (minima) __builtin_memcpy(&minimum, minima, sizeof minimum);
  constexpr uint32_t kTwoTo23Bits = 0x4B000000;
  const LaneFloats zero = LaneFloats{} + (0x1p23f + static_cast<float>(zero_point));
  for (int q = 0; q < quads; ++q) {
    const LaneWords words = *reinterpret_cast<const LaneWords*>(codes + q * kPlaneBytes);
#pragma GCC unroll 4
    for (int i = 0; i < 4; ++i) {
      const LaneFloats code = (LaneFloats)(((words >> (8 * i)) & 255u) | kTwoTo23Bits);
      const LaneFloats value = scale * (code - zero);
      lanes_at(tile + (4 * q + i) * kTileRows) = minima ? value - minimum : value;
    }
  }
}

inline void decode_tile(const Rows16Layout& layout, const CodeTile& codes, int blocks, float* tile) {
  const int quads = kQuads / layout.scales_per_block;
  for (int part = 0; part < blocks * layout.scales_per_block; ++part) {
    const float* minima = layout.has_minima ? codes.minima + part * kGroupRows : nullptr;
    decode_quads(codes.codes + part * quads * kPlaneBytes, quads, codes.scales + part * kGroupRows, minima,
                 layout.zero_point, tile + part * quads * 4 * kTileRows);
  }
}

}  // namespace
}  // namespace adze::ops
