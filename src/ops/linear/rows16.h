// The packing of weight rows for the fast kernels of `linear`: groups of 16 output rows, so that one vector holds the
// same input features of all 16 rows and every sum stays in its row's own lane.
//
// A group of quantized rows is a run of records, one per block of the storage type (32 to 256 numbers):
//
//   f16 scale [16] | f16 minimum [16] if any | group scales if any | blocks of 32 numbers
//   group scales: int8 [groups][16], then uint8 minima [groups][16]; or nibble pairs [groups][16] (Q2_K);
//                 or, in place of the f16 numbers, e8m0 [16] (MXFP4), e4m3 [groups][16] (NVFP4), or f32 scale [16] and
//                 f32 minimum [16] (the family of group codecs)
//   block: low planes, then high planes, 64 bytes each. Byte 4 r + i of a plane belongs to row r and number
//   4 q + i of the block; quad q = 0..7 of the numbers lies
//     8 bits: in plane q     4: in plane q % 4, nibble q / 4     2: in plane q / 4, bits 2 (q % 4)
//     1: in the only plane, bit q
//
// A group of plain rows (f32, f16, bf16) is [row_length][16] numbers in their own type. Groups start at 64 bytes.
// A pass over a group is one contiguous stream of about as many bytes as the rows had; points of codebooks (IQ types)
// are written out, one code for each number: 3 or 4 bits and the scales, for any choice of points.
#pragma once

#include <cstdint>

namespace adze::ops {

inline constexpr int kRows16Version = 1;  // of all this: a change makes prepared files unreadable
inline constexpr int kGroupRows = 16;
inline constexpr int kBlockNumbers = 32;
inline constexpr int kQuads = 8;        // quads of four numbers in a block
inline constexpr int kPlaneBytes = 64;  // four numbers of 16 rows

enum class GroupScales : uint8_t {
  none,
  bytes,         // times the f16 scale
  nibble_pairs,  // scale in the low nibble, minimum in the high one: times the f16 numbers
  e8m0,          // 2^(byte - 128): half of what the file means, as levels are doubled
  e4m3,          // unsigned, half of what the file means
  floats,        // scale and minimum in f32; scales of at most 19 digits (kSumOffset)
};

/// What codes of at most four bits stand for.
enum class Levels : uint8_t { even, iq4, fp4, iq3_xxs, iq3_s, iq2, iq1, signs };

/// How one quantized storage type is spread over a record.
/// value = 2^scale_exponent * scale * (number - zero_point) - minimum, where the number is the code or, with levels,
/// that of level_numbers.
struct Rows16Layout {
  int low_bits;
  int high_bits;
  int zero_point;        // 0 where there are minima, but for bytes: some kernels multiply signed ones
  int record_blocks;     // blocks of 32 in a record
  int scales_per_block;  // 1: a scale for 32 numbers, 2: for 16
  bool has_minima;
  GroupScales group_scales;
  Levels levels = Levels::even;
  int scale_exponent = 0;
};

/// All there are. Kernels take them as template arguments, so that sizes and loops are constants.
inline constexpr Rows16Layout kNibbles{4, 0, 8, 1, 1, false, GroupScales::none};                         // q4_0
inline constexpr Rows16Layout kNibblesMinima{4, 0, 0, 1, 1, true, GroupScales::none};                    // q4_1
inline constexpr Rows16Layout kFiveBits{4, 1, 16, 1, 1, false, GroupScales::none};                       // q5_0
inline constexpr Rows16Layout kFiveBitsMinima{4, 1, 0, 1, 1, true, GroupScales::none};                   // q5_1
inline constexpr Rows16Layout kBytes{8, 0, 128, 1, 1, false, GroupScales::none};                         // q8_0
inline constexpr Rows16Layout kSuperTwoBits{2, 0, 0, 8, 2, true, GroupScales::nibble_pairs};             // q2_k
inline constexpr Rows16Layout kSuperThreeBits{2, 1, 4, 8, 2, false, GroupScales::bytes};                 // q3_k
inline constexpr Rows16Layout kSuperNibbles{4, 0, 0, 8, 1, true, GroupScales::bytes};                    // q4_k
inline constexpr Rows16Layout kSuperFiveBits{4, 1, 0, 8, 1, true, GroupScales::bytes};                   // q5_k
inline constexpr Rows16Layout kSuperSixBits{4, 2, 32, 8, 2, false, GroupScales::bytes};                  // q6_k
inline constexpr Rows16Layout kOneBit{1, 0, 1, 4, 1, false, GroupScales::none, Levels::signs};           // q1_0
inline constexpr Rows16Layout kTwoBits{2, 0, 1, 2, 1, false, GroupScales::none};                         // q2_0
inline constexpr Rows16Layout kSuperTernary{2, 0, 1, 8, 1, false, GroupScales::none};                    // tq1_0, tq2_0
inline constexpr Rows16Layout kFloatNibbles{4, 0, 12, 1, 1, false, GroupScales::e8m0, Levels::fp4};      // mxfp4
inline constexpr Rows16Layout kFineFloatNibbles{4, 0, 12, 2, 2, false, GroupScales::e4m3, Levels::fp4};  // nvfp4
inline constexpr Rows16Layout kLevelNibbles{4, 0, 128, 1, 1, false, GroupScales::none, Levels::iq4};     // iq4_nl
inline constexpr Rows16Layout kSuperLevelNibbles{4, 0, 128, 8, 1, false, GroupScales::bytes, Levels::iq4};  // iq4_xs
inline constexpr Rows16Layout kSuperIq3Xxs{4, 0, 62, 8, 1, false, GroupScales::bytes, Levels::iq3_xxs, -2};
inline constexpr Rows16Layout kSuperIq3S{4, 0, 15, 8, 1, false, GroupScales::bytes, Levels::iq3_s};
inline constexpr Rows16Layout kSuperIq2{2, 1, 43, 8, 1, false, GroupScales::bytes, Levels::iq2, -3};      // iq2_xxs
inline constexpr Rows16Layout kSuperFineIq2{2, 1, 43, 8, 2, false, GroupScales::bytes, Levels::iq2, -3};  // _xs, _s
inline constexpr Rows16Layout kSuperIq1{2, 1, 9, 8, 1, false, GroupScales::bytes, Levels::iq1, -3};       // iq1_s
inline constexpr Rows16Layout kSuperFineIq1{2, 1, 9, 8, 2, false, GroupScales::bytes, Levels::iq1, -3};   // iq1_m
// Group codecs of so many bits or fewer, in groups of 64 or a multiple.
inline constexpr Rows16Layout kGroupNibbles{4, 0, 0, 2, 1, true, GroupScales::floats};
inline constexpr Rows16Layout kGroupFiveBits{4, 1, 0, 2, 1, true, GroupScales::floats};
inline constexpr Rows16Layout kGroupSixBits{4, 2, 0, 2, 1, true, GroupScales::floats};
inline constexpr Rows16Layout kGroupBytes{8, 0, 128, 2, 1, true, GroupScales::floats};

template <Rows16Layout...>
struct LayoutList {};
using SuperBlockLayouts =
    LayoutList<kSuperTwoBits, kSuperThreeBits, kSuperNibbles, kSuperFiveBits, kSuperSixBits, kSuperTernary,
               kSuperLevelNibbles, kSuperIq3Xxs, kSuperIq3S, kSuperIq2, kSuperFineIq2, kSuperIq1, kSuperFineIq1>;
using AllLayouts =
    LayoutList<kNibbles, kNibblesMinima, kFiveBits, kFiveBitsMinima, kBytes, kSuperTwoBits, kSuperThreeBits,
               kSuperNibbles, kSuperFiveBits, kSuperSixBits, kOneBit, kTwoBits, kSuperTernary, kFloatNibbles,
               kFineFloatNibbles, kLevelNibbles, kSuperLevelNibbles, kSuperIq3Xxs, kSuperIq3S, kSuperIq2, kSuperFineIq2,
               kSuperIq1, kSuperFineIq1, kGroupNibbles, kGroupFiveBits, kGroupSixBits, kGroupBytes>;

/// Another number for every layout.
static constexpr uint64_t key_of(const Rows16Layout& layout) {
  const int fields[] = {layout.low_bits,
                        layout.high_bits,
                        layout.zero_point,
                        layout.record_blocks,
                        layout.scales_per_block,
                        layout.has_minima,
                        static_cast<int>(layout.group_scales),
                        static_cast<int>(layout.levels)};
  uint64_t key = 0;
  for (const int field : fields) key = key << 8 | static_cast<uint64_t>(field);
  return key << 4 | static_cast<uint64_t>(layout.scale_exponent + 8);
}

template <typename Of, Rows16Layout kFirst, Rows16Layout... kOthers>
static inline decltype(auto) for_layout_key(LayoutList<kFirst, kOthers...>, uint64_t key, const Of& of) {
  if constexpr (sizeof...(kOthers) > 0) {
    constexpr uint64_t kKey = key_of(kFirst);
    if (key != kKey) return for_layout_key(LayoutList<kOthers...>{}, key, of);
  }
  return of.template operator()<kFirst>();
}

/// `of<layout>()` with the layout at hand as its template argument. REQUIRES: it is in the list.
template <typename Of, Rows16Layout... kLayouts>
static inline decltype(auto) for_layout(LayoutList<kLayouts...> list, const Rows16Layout& layout, const Of& of) {
  return for_layout_key(list, key_of(layout), of);
}

/// One for each code of four bits.
struct LevelTable {
  int8_t levels[16];
};

static constexpr LevelTable level_table(Levels levels) {
  switch (levels) {
    case Levels::iq4:
      return {{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}};
    case Levels::fp4:  // bit 3: sign
      return {{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}};
    case Levels::iq3_xxs:  // bit 3: sign
      return {{4, 12, 20, 28, 36, 44, 52, 62, -4, -12, -20, -28, -36, -44, -52, -62}};
    case Levels::iq3_s:  // bit 3: sign
      return {{1, 3, 5, 7, 9, 11, 13, 15, -1, -3, -5, -7, -9, -11, -13, -15}};
    case Levels::iq2:  // bit 2: sign
      return {{8, 25, 43, 0, -8, -25, -43, 0}};
    case Levels::iq1:  // 8 times -1, 0 or 1, shifted by 1; bit 2: down
      return {{-7, 1, 9, 0, -9, -1, 7, 0}};
    case Levels::signs:
      return {{-1, 1}};
    case Levels::even:
      break;
  }
  return {};
}

/// The levels of a layout plus its zero point: numbers that fit into a byte.
struct LevelNumbers {
  uint8_t of_code[16];
};

static constexpr LevelNumbers level_numbers(const Rows16Layout& layout) {
  const LevelTable table = level_table(layout.levels);
  LevelNumbers numbers{};
  for (int code = 0; code < 16; ++code) {
    numbers.of_code[code] = static_cast<uint8_t>(table.levels[code] + layout.zero_point);
  }
  return numbers;
}

static constexpr int code_bits(const Rows16Layout& layout) { return layout.low_bits + layout.high_bits; }

/// Of the largest number.
static constexpr int number_bits(const Rows16Layout& layout) {
  if (layout.levels == Levels::even) return code_bits(layout);
  const LevelNumbers numbers = level_numbers(layout);
  int bits = 1;
  for (int code = 0; code < 1 << code_bits(layout); ++code) {
    while (numbers.of_code[code] >> bits) ++bits;
  }
  return bits;
}

/// A field of so many bits has a plane for each of them.
static constexpr int plane_of_quad(int bits, int quad) { return bits == 4 ? quad % 4 : quad / (8 / bits); }
static constexpr int shift_of_quad(int bits, int quad) { return bits * (bits == 4 ? quad / 4 : quad % (8 / bits)); }

static constexpr bool has_own_scales(const Rows16Layout& layout) {
  return layout.group_scales == GroupScales::e8m0 || layout.group_scales == GroupScales::e4m3 ||
         layout.group_scales == GroupScales::floats;
}

/// The zero point of codes that have the scales of their parts in them, and the largest of them: 2-bit codes times
/// 4-bit scales are at most 45; (3-bit codes - 4) times 6-bit scales are -124 .. 128, from 127 on; without scales of
/// parts, codes are as they are. 0: no byte holds them.
static constexpr int folded_zero_point(const Rows16Layout& layout) {
  if (layout.group_scales == GroupScales::none) return layout.zero_point;
  return layout.zero_point ? 127 : 0;
}
static constexpr int largest_folded_code(const Rows16Layout& layout) {
  if (layout.group_scales == GroupScales::none) return (1 << number_bits(layout)) - 1;
  if (layout.levels != Levels::even || layout.low_bits != 2) return 0;
  return layout.zero_point ? 255 : 45;
}
static constexpr bool puts_scales_in_codes(const Rows16Layout& layout, int largest_code) {
  return largest_folded_code(layout) > 0 && largest_folded_code(layout) <= largest_code;
}

static constexpr int block_bytes(const Rows16Layout& layout) { return kPlaneBytes * code_bits(layout); }

/// Scales (and minima) of a record; parts of a record that share one have none of their own.
static constexpr int parts_of_record(const Rows16Layout& layout) {
  return layout.record_blocks * layout.scales_per_block;
}

static constexpr int group_scale_bytes(const Rows16Layout& layout) {
  if (layout.group_scales == GroupScales::none) return 0;
  if (layout.group_scales == GroupScales::floats) return 2 * 4 * kGroupRows;
  const bool has_byte_minima = layout.group_scales == GroupScales::bytes && layout.has_minima;
  return parts_of_record(layout) * kGroupRows * (has_byte_minima ? 2 : 1);
}

static constexpr int header_bytes(const Rows16Layout& layout) {
  const int halves = has_own_scales(layout) ? 0 : layout.has_minima ? 2 : 1;
  return 2 * kGroupRows * halves + group_scale_bytes(layout);
}

static constexpr int record_bytes(const Rows16Layout& layout) {
  return header_bytes(layout) + layout.record_blocks * block_bytes(layout);
}

}  // namespace adze::ops
