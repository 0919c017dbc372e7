// From a rows16 record to code tiles, over the operations of scale_rows_<isa>.h (to be included before), compiled once
// for each ISA.
#pragma once

#include "ops/linear/code_tile.h"
#include "ops/linear/rows16.h"

namespace adze::ops {
namespace {

typedef uint16_t PlaneWords __attribute__((vector_size(kPlaneBytes), aligned(1), may_alias));

constexpr uint16_t both_bytes(int mask) { return static_cast<uint16_t>(mask << 8 | mask); }

/// How the fields of codes become what tiles hold.
struct CodeMap {
  uint8_t flip;              // xored to each code; 0x80 makes unsigned 8-bit codes int8
  const uint8_t* of_levels;  // in place of that, where the layout has levels: the byte for each code
};

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
  constexpr int kAt = shift_of_quad(kBits, kQuad);
  planes += plane_of_quad(kBits, kQuad) * kPlaneBytes;
  extract_field<kBits, kAt, kTo>(*reinterpret_cast<const PlaneWords*>(planes), field);
}

/// Codes of the quads kQuad.. of a block: byte 4 r + i is number i of the quad in row r.
template <int kLowBits, int kHighBits, bool kHasLevels, int kQuad = 0>
inline __attribute__((always_inline)) void unpack_block(const uint8_t* planes, const CodeMap& map, uint8_t* codes) {
  PlaneWords quad;
  extract_quad<kLowBits, 0, kQuad>(planes, quad);
  if constexpr (kHighBits > 0) {
    PlaneWords high;
    extract_quad<kHighBits, kLowBits, kQuad>(planes + kLowBits * kPlaneBytes, high);
    quad |= high;
  }
  uint8_t* to = codes + kQuad * kPlaneBytes;
  *reinterpret_cast<PlaneWords*>(to) = quad ^ both_bytes(kHasLevels ? 0 : map.flip);
  if constexpr (kHasLevels) LevelRows::look_up(map.of_levels, to);
  if constexpr (kQuad + 1 < kQuads) unpack_block<kLowBits, kHighBits, kHasLevels, kQuad + 1>(planes, map, codes);
}

template <int kLowBits, int kHighBits, bool kHasLevels>
void unpack_blocks(const uint8_t* planes, int blocks, const CodeMap& map, uint8_t* codes) {
  constexpr int kPlanes = kLowBits + kHighBits;
  for (int b = 0; b < blocks; ++b) {
    unpack_block<kLowBits, kHighBits, kHasLevels>(planes + b * kPlanes * kPlaneBytes, map,
                                                  codes + b * kQuads * kPlaneBytes);
  }
}

inline void unpack_levels(const Rows16Layout& layout, const uint8_t* planes, uint8_t flip, uint8_t* codes) {
  LevelNumbers numbers = level_numbers(layout);
  for (uint8_t& number : numbers.of_code) number ^= flip;
  const CodeMap map{0, numbers.of_code};
  const int blocks = layout.record_blocks;
  if (layout.low_bits == 4) return unpack_blocks<4, 0, true>(planes, blocks, map, codes);
  if (layout.low_bits == 2) return unpack_blocks<2, 1, true>(planes, blocks, map, codes);
  unpack_blocks<1, 0, true>(planes, blocks, map, codes);
}

/// Codes of the blocks of one record, or with levels their numbers. `flip` is xored to those of 8 bits: 0x80 makes them
/// int8.
inline void unpack_record_codes(const Rows16Layout& layout, const uint8_t* planes, uint8_t flip, uint8_t* codes) {
  const int blocks = layout.record_blocks;
  const CodeMap map{static_cast<uint8_t>(number_bits(layout) == 8 ? flip : 0), nullptr};
  if (layout.levels != Levels::even) return unpack_levels(layout, planes, map.flip, codes);
  if (layout.low_bits == 8) return unpack_blocks<8, 0, false>(planes, blocks, map, codes);
  if (layout.low_bits == 4 && layout.high_bits == 0) return unpack_blocks<4, 0, false>(planes, blocks, map, codes);
  if (layout.low_bits == 4 && layout.high_bits == 1) return unpack_blocks<4, 1, false>(planes, blocks, map, codes);
  if (layout.low_bits == 4) return unpack_blocks<4, 2, false>(planes, blocks, map, codes);
  if (layout.high_bits == 1) return unpack_blocks<2, 1, false>(planes, blocks, map, codes);
  unpack_blocks<2, 0, false>(planes, blocks, map, codes);
}

constexpr float power_of_two(int exponent) {
  float power = 1;
  for (; exponent > 0; --exponent) power *= 2;
  for (; exponent < 0; ++exponent) power /= 2;
  return power;
}

/// The f16 scales of a record as floats.
inline __attribute__((always_inline)) void widen_scales(const Rows16Layout& layout, const uint8_t* header,
                                                        float* scales) {
  ScaleRows::widen(header, scales);
  if (layout.scale_exponent == 0) return;
  const float factor = power_of_two(layout.scale_exponent);
  for (int r = 0; r < kGroupRows; ++r) scales[r] *= factor;
}

/// e8m0 as floats. From 2^105 on sums of products would leave the range of floats (kSumOffset): NaN.
inline __attribute__((always_inline)) void widen_exponents(const uint8_t* bytes, float* scales) {
  constexpr uint32_t kLargest = 232;
  constexpr uint32_t kNan = 0x7FC00000;
  uint32_t words[kGroupRows];
  for (int r = 0; r < kGroupRows; ++r) {
    const uint32_t e = bytes[r];
    words[r] = e > kLargest ? kNan : e > 1 ? (e - 1) << 23 : 0x00200000u << e;
  }
  __builtin_memcpy(scales, words, sizeof words);
}

/// e4m3 as floats: the bits of an f16 that is 2^7 times smaller.
inline __attribute__((always_inline)) void widen_small_floats(const uint8_t* bytes, float* scales) {
  uint16_t halves[kGroupRows];
  for (int r = 0; r < kGroupRows; ++r) halves[r] = static_cast<uint16_t>(bytes[r] << 7);
  ScaleRows::widen(reinterpret_cast<const uint8_t*>(halves), scales);
  for (int r = 0; r < kGroupRows; ++r) scales[r] *= 0x1p7f;
}

inline __attribute__((always_inline)) void unpack_own_scales(const Rows16Layout& layout, const uint8_t* bytes,
                                                             float* scales, float* minima) {
  constexpr int kFloatsBytes = 4 * kGroupRows;
  if (layout.group_scales == GroupScales::floats) {
    for (int at = 0; at < parts_of_record(layout) * kGroupRows; at += kGroupRows) {
      __builtin_memcpy(scales + at, bytes, kFloatsBytes);
      __builtin_memcpy(minima + at, bytes + kFloatsBytes, kFloatsBytes);
    }
    return;
  }
  for (int at = 0; at < parts_of_record(layout) * kGroupRows; at += kGroupRows) {
    if (layout.group_scales == GroupScales::e8m0) {
      widen_exponents(bytes + at, scales + at);
    } else {
      widen_small_floats(bytes + at, scales + at);
    }
  }
}

/// Scales (and minima) of one record as floats, the same numbers that decoding uses.
inline __attribute__((always_inline)) void unpack_record_scales(const Rows16Layout& layout, const uint8_t* header,
                                                                float* scales, float* minima) {
  if (has_own_scales(layout)) return unpack_own_scales(layout, header, scales, minima);
  alignas(64) float scale[kGroupRows];
  alignas(64) float minimum[kGroupRows] = {};
  const int end = parts_of_record(layout) * kGroupRows;
  if (layout.group_scales == GroupScales::none) {
    widen_scales(layout, header, scales);
    for (int at = kGroupRows; at < end; at += kGroupRows) __builtin_memcpy(scales + at, scales, sizeof scale);
    if (layout.has_minima) ScaleRows::widen(header + 2 * kGroupRows, minima);
    return;
  }
  widen_scales(layout, header, scale);
  if (layout.has_minima) ScaleRows::widen(header + 2 * kGroupRows, minimum);
  const uint8_t* bytes = header + 2 * kGroupRows * (layout.has_minima ? 2 : 1);
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

/// Fetches what comes behind the next `kBytes`: far ahead into the second cache, which can wait for more lines of
/// memory at once than the first, then into the first. The processor's own fetching stops at the ends of pages. Called
/// for a few lines at a time: more than can be under way at once would hold up everything else.
template <int kBytes>
inline __attribute__((always_inline)) void prefetch_behind(const uint8_t* at) {
  constexpr int kFarBytes = 8192, kNearBytes = 1024;
  constexpr int kSecondCache = 2, kFirstCache = 3;
#pragma GCC unroll 64
  for (int line = 0; line < kBytes; line += 64) {
    __builtin_prefetch(at + kFarBytes + line, 0, kSecondCache);
    __builtin_prefetch(at + kNearBytes + line, 0, kFirstCache);
  }
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
