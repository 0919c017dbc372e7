// From a rows16 record to code tiles, written once for every ISA: each ISA's file compiles its own copy.
#pragma once

#include "ops/linear/code_tile.h"
#include "ops/linear/rows16.h"

namespace adze::ops {
namespace {

typedef uint16_t PlaneWords __attribute__((vector_size(kPlaneBytes), aligned(1), may_alias));

constexpr uint16_t both_bytes(int mask) { return static_cast<uint16_t>(mask << 8 | mask); }

/// `field` = bits [at, at + bits) of each byte of `plane`, moved to bit `to`.
template <int kBits, int kAt, int kTo>
inline __attribute__((always_inline)) void extract_field(const PlaneWords& plane, PlaneWords& field) {
  constexpr uint16_t kMask = both_bytes(((1 << kBits) - 1) << kTo & 255);
  if constexpr (kAt >= kTo) {
    field = (plane >> (kAt - kTo)) & kMask;
  } else {
    field = (plane << (kTo - kAt)) & kMask;
  }
}

template <int kBits, int kTo, int kQuad>
inline __attribute__((always_inline)) void extract_quad(const uint8_t* planes, PlaneWords& field) {
  constexpr int kInPlane = 8 / kBits;
  constexpr int kPlane = kBits == 4 ? kQuad % 4 : kQuad / kInPlane;
  constexpr int kAt = kBits * (kBits == 4 ? kQuad / 4 : kQuad % kInPlane);
  extract_field<kBits, kAt, kTo>(*reinterpret_cast<const PlaneWords*>(planes + kPlane * kPlaneBytes), field);
}

/// Codes of the quads kQuad.. of a block: byte 4 r + i is number i of the quad in row r.
template <int kLowBits, int kHighBits, int kQuad = 0>
inline __attribute__((always_inline)) void unpack_block(const uint8_t* planes, uint8_t flip, uint8_t* codes) {
  PlaneWords quad;
  extract_quad<kLowBits, 0, kQuad>(planes, quad);
  if constexpr (kHighBits > 0) {
    constexpr int kLowPlanes = kLowBits == 4 ? 4 : kLowBits;
    PlaneWords high;
    extract_quad<kHighBits, kLowBits, kQuad>(planes + kLowPlanes * kPlaneBytes, high);
    quad |= high;
  }
  *reinterpret_cast<PlaneWords*>(codes + kQuad * kPlaneBytes) = quad ^ both_bytes(flip);
  if constexpr (kQuad + 1 < kQuads) unpack_block<kLowBits, kHighBits, kQuad + 1>(planes, flip, codes);
}

template <int kLowBits, int kHighBits>
void unpack_blocks(const uint8_t* planes, int blocks, uint8_t flip, uint8_t* codes) {
  constexpr int kPlanes = kLowBits + kHighBits;
  for (int b = 0; b < blocks; ++b) {
    unpack_block<kLowBits, kHighBits>(planes + b * kPlanes * kPlaneBytes, flip, codes + b * kQuads * kPlaneBytes);
  }
}

/// Codes of the blocks of one record. `flip` is xored to each: 0x80 makes the unsigned codes of Q8_0 int8 again.
inline void unpack_record_codes(const Rows16Layout& layout, const uint8_t* planes, uint8_t flip, uint8_t* codes) {
  const int blocks = layout.record_blocks;
  if (layout.low_bits == 8) return unpack_blocks<8, 0>(planes, blocks, flip, codes);
  if (layout.low_bits == 4 && layout.high_bits == 0) return unpack_blocks<4, 0>(planes, blocks, 0, codes);
  if (layout.low_bits == 4 && layout.high_bits == 1) return unpack_blocks<4, 1>(planes, blocks, 0, codes);
  if (layout.low_bits == 4) return unpack_blocks<4, 2>(planes, blocks, 0, codes);
  if (layout.high_bits == 1) return unpack_blocks<2, 1>(planes, blocks, 0, codes);
  unpack_blocks<2, 0>(planes, blocks, 0, codes);
}

inline void scale_bytes(const float* scale, const int8_t* bytes, int groups, float* out) {
  for (int g = 0; g < groups; ++g) {
    for (int r = 0; r < kGroupRows; ++r) {
      out[g * kGroupRows + r] = scale[r] * static_cast<float>(bytes[g * kGroupRows + r]);
    }
  }
}

inline void scale_nibbles(const float* scale, const uint8_t* bytes, int shift, float* out) {
  for (int g = 0; g < 16; ++g) {
    for (int r = 0; r < kGroupRows; ++r) {
      out[g * kGroupRows + r] = scale[r] * static_cast<float>(bytes[g * kGroupRows + r] >> shift & 15);
    }
  }
}

/// Scales (and minima) of one record as floats, the same numbers that decoding uses.
/// `widen_half` converts sixteen f16.
template <typename WidenHalf>
inline void unpack_record_scales(const Rows16Layout& layout, const uint8_t* header, const WidenHalf& widen_half,
                                 float* scales, float* minima) {
  alignas(64) float scale[kGroupRows];
  alignas(64) float minimum[kGroupRows];
  const int groups = layout.record_blocks * layout.scales_per_block;
  const bool plain = layout.group_scales == GroupScales::none;
  widen_half(header, plain ? scales : scale);
  if (layout.has_minima) widen_half(header + 2 * kGroupRows, plain ? minima : minimum);
  const uint8_t* bytes = header + 2 * kGroupRows * (layout.has_minima ? 2 : 1);
  if (layout.group_scales == GroupScales::nibble_pairs) {
    scale_nibbles(scale, bytes, 0, scales);
    scale_nibbles(minimum, bytes, 4, minima);
  } else if (!plain) {
    scale_bytes(scale, reinterpret_cast<const int8_t*>(bytes), groups, scales);
    if (layout.has_minima) {
      scale_bytes(minimum, reinterpret_cast<const int8_t*>(bytes) + groups * kGroupRows, groups, minima);
    }
  }
}

/// Fills `tile` with `blocks` blocks (a multiple of the record) that start at `record`.
template <typename WidenHalf>
void unpack_tile(const Rows16Layout& layout, const uint8_t* record, int blocks, const WidenHalf& widen_half,
                 uint8_t flip, const CodeTile& tile) {
  for (int b = 0; b < blocks; b += layout.record_blocks) {
    const int at = b * layout.scales_per_block * kGroupRows;
    unpack_record_scales(layout, record, widen_half, tile.scales + at, tile.minima + at);
    unpack_record_codes(layout, record + header_bytes(layout), flip, tile.codes + b * kQuads * kPlaneBytes);
    record += record_bytes(layout);
  }
}

}  // namespace
}  // namespace adze::ops
