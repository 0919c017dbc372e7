// The packing of weight rows for the fast kernels of `linear`: groups of 16 output rows, so that one vector holds the
// same input features of all 16 rows and every sum stays in its row's own lane.
//
// A group of quantized rows is a run of records, one per 32 numbers or (K types) per 256:
//
//   f16 scale [16] | f16 minimum [16] if any | group scales of the K types | blocks of 32 numbers
//   group scales: int8 [groups][16], then uint8 minima [groups][16]; or nibble pairs [groups][16] (Q2_K)
//   block: low planes, then high planes, 64 bytes each. Byte 4 r + i of a plane belongs to row r and number
//   4 q + i of the block; quad q = 0..7 of the numbers lies
//     8 low bits: in plane q     4: in plane q % 4, nibble q / 4     2: in plane q / 4, bits 2 (q % 4)
//     2 high bits: as 2 low bits     1 high bit: in the only plane, bit q
//
// A group of plain rows (f32, f16, bf16) is [row_length][16] numbers in their own type. Groups start at 64 bytes.
// A pass over a group is one contiguous stream of about as many bytes as the rows had.
#pragma once

#include <cstdint>

namespace adze::ops {

inline constexpr int kRows16Version = 1;  // of all this: a change makes prepared files unreadable
inline constexpr int kGroupRows = 16;
inline constexpr int kBlockNumbers = 32;
inline constexpr int kQuads = 8;        // quads of four numbers in a block
inline constexpr int kPlaneBytes = 64;  // four numbers of 16 rows

enum class GroupScales : uint8_t { none, bytes, nibble_pairs };

/// How one quantized storage type is spread over a record. value = scale * (code - zero_point) - minimum
struct Rows16Layout {
  int low_bits;
  int high_bits;
  int zero_point;        // 0 where there are minima
  int record_blocks;     // blocks of 32 that share the f16 numbers: 1 or 8
  int scales_per_block;  // 1: a scale for 32 numbers, 2: for 16
  bool has_minima;
  GroupScales group_scales;

  constexpr bool operator==(const Rows16Layout&) const = default;
};

/// All there are. Kernels take them as template arguments, so that sizes and loops are constants.
inline constexpr Rows16Layout kNibbles{4, 0, 8, 1, 1, false, GroupScales::none};              // q4_0
inline constexpr Rows16Layout kNibblesMinima{4, 0, 0, 1, 1, true, GroupScales::none};         // q4_1
inline constexpr Rows16Layout kFiveBits{4, 1, 16, 1, 1, false, GroupScales::none};            // q5_0
inline constexpr Rows16Layout kFiveBitsMinima{4, 1, 0, 1, 1, true, GroupScales::none};        // q5_1
inline constexpr Rows16Layout kBytes{8, 0, 128, 1, 1, false, GroupScales::none};              // q8_0
inline constexpr Rows16Layout kSuperTwoBits{2, 0, 0, 8, 2, true, GroupScales::nibble_pairs};  // q2_k
inline constexpr Rows16Layout kSuperThreeBits{2, 1, 4, 8, 2, false, GroupScales::bytes};      // q3_k
inline constexpr Rows16Layout kSuperNibbles{4, 0, 0, 8, 1, true, GroupScales::bytes};         // q4_k
inline constexpr Rows16Layout kSuperFiveBits{4, 1, 0, 8, 1, true, GroupScales::bytes};        // q5_k
inline constexpr Rows16Layout kSuperSixBits{4, 2, 32, 8, 2, false, GroupScales::bytes};       // q6_k

template <Rows16Layout...>
struct LayoutList {};
using AllLayouts = LayoutList<kNibbles, kNibblesMinima, kFiveBits, kFiveBitsMinima, kBytes, kSuperTwoBits,
                              kSuperThreeBits, kSuperNibbles, kSuperFiveBits, kSuperSixBits>;

using SuperBlockLayouts = LayoutList<kSuperTwoBits, kSuperThreeBits, kSuperNibbles, kSuperFiveBits, kSuperSixBits>;

/// Each has another number of bits.
static inline Rows16Layout super_block_layout_of_bits(int bits) {
  switch (bits) {
    case 2:
      return kSuperTwoBits;
    case 3:
      return kSuperThreeBits;
    case 4:
      return kSuperNibbles;
    case 5:
      return kSuperFiveBits;
    default:
      return kSuperSixBits;
  }
}

/// `of<layout>()` with the layout at hand as its template argument. REQUIRES: it is in the list.
template <typename Of, Rows16Layout kFirst, Rows16Layout... kOthers>
static inline decltype(auto) for_layout(LayoutList<kFirst, kOthers...>, const Rows16Layout& layout, const Of& of) {
  if constexpr (sizeof...(kOthers) > 0) {
    if (!(layout == kFirst)) return for_layout(LayoutList<kOthers...>{}, layout, of);
  }
  return of.template operator()<kFirst>();
}

static constexpr int planes_of(int bits) { return bits == 8 ? 8 : bits == 4 ? 4 : bits; }

/// The zero point of codes that have the scales of their parts in them, and the largest of them: 2-bit codes times
/// 4-bit scales are at most 45; (3-bit codes - 4) times 6-bit scales are -124 .. 128, from 127 on. 0: no byte holds
/// them.
static constexpr int folded_zero_point(const Rows16Layout& layout) { return layout.zero_point ? 127 : 0; }
static constexpr int largest_folded_code(const Rows16Layout& layout) {
  return layout.low_bits != 2 ? 0 : layout.zero_point ? 255 : 45;
}
static constexpr bool puts_scales_in_codes(const Rows16Layout& layout, int largest_code) {
  return largest_folded_code(layout) > 0 && largest_folded_code(layout) <= largest_code;
}

static constexpr int block_bytes(const Rows16Layout& layout) {
  return kPlaneBytes * (planes_of(layout.low_bits) + planes_of(layout.high_bits));
}

static constexpr int group_scale_bytes(const Rows16Layout& layout) {
  const int groups = layout.record_blocks * layout.scales_per_block;
  if (layout.group_scales == GroupScales::none) return 0;
  return groups * kGroupRows * (layout.group_scales == GroupScales::bytes && layout.has_minima ? 2 : 1);
}

static constexpr int header_bytes(const Rows16Layout& layout) {
  return 2 * kGroupRows * (layout.has_minima ? 2 : 1) + group_scale_bytes(layout);
}

static constexpr int record_bytes(const Rows16Layout& layout) {
  return header_bytes(layout) + layout.record_blocks * block_bytes(layout);
}

}  // namespace adze::ops
