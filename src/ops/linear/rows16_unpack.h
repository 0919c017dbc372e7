// From a rows16 record to code tiles, over the operations of scale_rows_<isa>.h (to be included before), compiled once
// for each ISA.
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

/// Scales (and minima) of one record as floats, the same numbers that decoding uses.
inline __attribute__((always_inline)) void unpack_record_scales(const Rows16Layout& layout, const uint8_t* header,
                                                                float* scales, float* minima) {
  alignas(64) float scale[kGroupRows];
  alignas(64) float minimum[kGroupRows] = {};
  const bool plain = layout.group_scales == GroupScales::none;
  ScaleRows::widen(header, plain ? scales : scale);
  if (layout.has_minima) ScaleRows::widen(header + 2 * kGroupRows, plain ? minima : minimum);
  if (plain) return;
  const uint8_t* bytes = header + 2 * kGroupRows * (layout.has_minima ? 2 : 1);
  const int end = layout.record_blocks * layout.scales_per_block * kGroupRows;
  if (layout.group_scales == GroupScales::nibble_pairs) {
    for (int at = 0; at < end; at += kGroupRows) {
      ScaleRows::times_nibbles(scale, bytes + at, 0, scales + at);
      ScaleRows::times_nibbles(minimum, bytes + at, 4, minima + at);
    }
    return;
  }
  for (int at = 0; at < end; at += kGroupRows) ScaleRows::times_bytes(scale, bytes + at, scales + at);
  if (!layout.has_minima) return;
  for (int at = 0; at < end; at += kGroupRows) ScaleRows::times_bytes(minimum, bytes + end + at, minima + at);
}

/// Fetches the record some way behind `record`: the processor's own fetching stops at the ends of pages.
template <int kBytes>
inline __attribute__((always_inline)) void prefetch_record(const uint8_t* record) {
  constexpr int kAheadBytes = 4096;
#pragma GCC unroll 64
  for (int at = 0; at < kBytes; at += 64) __builtin_prefetch(record + kAheadBytes + at);
}

/// Fills `tile` with `blocks` blocks (a multiple of the record) that start at `record`.
inline void unpack_tile(const Rows16Layout& layout, const uint8_t* record, int blocks, uint8_t flip,
                        const CodeTile& tile) {
  for (int b = 0; b < blocks; b += layout.record_blocks) {
    const int at = b * layout.scales_per_block * kGroupRows;
    unpack_record_scales(layout, record, tile.scales + at, tile.minima + at);
    unpack_record_codes(layout, record + header_bytes(layout), flip, tile.codes + b * kQuads * kPlaneBytes);
    record += record_bytes(layout);
  }
}

}  // namespace
}  // namespace adze::ops
