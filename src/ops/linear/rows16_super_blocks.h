// From a rows16 record to the integer scales of a super-block, and to codes that have their scales in them, over the
// operations of scale_rows_<isa>.h (to be included before), compiled once for each ISA.
#pragma once

#include "ops/linear/rows16_unpack.h"

namespace adze::ops {
namespace {

constexpr int parts_of(const Rows16Layout& layout) { return kSuperBlocks * layout.scales_per_block; }

inline __attribute__((always_inline)) void widen_part_scales(const Rows16Layout& layout, const uint8_t* bytes,
                                                             SuperBlockScales& scales) {
  const int mask = layout.group_scales == GroupScales::nibble_pairs ? 15 : 255;
  const bool is_one = layout.group_scales == GroupScales::none;
#pragma GCC unroll 16
  for (int part = 0; part < parts_of(layout); ++part) {
    for (int r = 0; r < kGroupRows; ++r) {
      const int scale = is_one ? 1 : bytes[part * kGroupRows + r] & mask;
      scales.parts[part][r] = ScaleRows::scale_word(static_cast<int8_t>(scale));
    }
  }
}

// `bytes` of the minima of parts, at bit `shift`.
inline __attribute__((always_inline)) void pair_minima(const Rows16Layout& layout, const uint8_t* bytes, int shift,
                                                       SuperBlockScales& scales) {
#pragma GCC unroll 8
  for (int pair = 0; pair < parts_of(layout) / 2; ++pair, bytes += 2 * kGroupRows) {
    for (int r = 0; r < kGroupRows; ++r) {
      scales.minimum_pairs[pair][r] = bytes[r] >> shift | (bytes[kGroupRows + r] >> shift) << 16;
    }
  }
}

/// The scales (and minima) of the record that starts with `header`.
inline __attribute__((always_inline)) void unpack_super_block_scales(const Rows16Layout& layout, const uint8_t* header,
                                                                     SuperBlockScales& scales) {
  widen_scales(layout, header, scales.scale);
  if (layout.has_minima) ScaleRows::widen(header + 2 * kGroupRows, scales.minimum);
  const uint8_t* bytes = header + 2 * kGroupRows * (layout.has_minima ? 2 : 1);
  widen_part_scales(layout, bytes, scales);
  if (!layout.has_minima) return;
  const bool in_pairs = layout.group_scales == GroupScales::nibble_pairs;
  pair_minima(layout, in_pairs ? bytes : bytes + parts_of(layout) * kGroupRows, in_pairs ? 4 : 0, scales);
}

/// codes = scale * (code - zero point) + folded_zero_point: a product of words, whose bytes do not carry.
inline void put_scales_in_codes(const Rows16Layout& layout, const SuperBlockScales& scales, uint8_t* codes) {
  if (layout.group_scales == GroupScales::none) return;
  typedef uint32_t LaneScales __attribute__((vector_size(4 * kGroupRows), aligned(1), may_alias));
  const int quads = kQuads / layout.scales_per_block;
  const auto zero = static_cast<uint16_t>(folded_zero_point(layout));
  for (int part = 0; part < parts_of(layout); ++part) {
    const LaneScales lanes = *reinterpret_cast<const LaneScales*>(scales.parts[part]) & 0xFFFFu;
    const PlaneWords scale = (PlaneWords)(lanes | lanes << 16);
    const PlaneWords offset = (zero - scale * static_cast<uint16_t>(layout.zero_point)) * uint16_t{257};
    for (int q = 0; q < quads; ++q, codes += kPlaneBytes) {
      PlaneWords& quad = *reinterpret_cast<PlaneWords*>(codes);
      quad = quad * scale + offset;
    }
  }
}

/// Fills `tile` with `blocks` blocks (whole super-blocks) that start at `record`. `flip` as for unpack_record_codes.
inline void unpack_super_tile(const Rows16Layout& layout, const uint8_t* record, int blocks, bool scales_in_codes,
                              const CodeTile& tile, uint8_t flip = 0) {
  uint8_t* codes = tile.codes;
  for (int s = 0; s < blocks / kSuperBlocks; ++s) {
    unpack_super_block_scales(layout, record, tile.super_blocks[s]);
    unpack_record_codes(layout, record + header_bytes(layout), flip, codes);
    if (scales_in_codes) put_scales_in_codes(layout, tile.super_blocks[s], codes);
    codes += kSuperBlocks * kQuads * kPlaneBytes;
    record += record_bytes(layout);
  }
}

}  // namespace
}  // namespace adze::ops
