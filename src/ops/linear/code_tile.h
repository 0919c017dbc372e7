// What the 8-bit kernels of `linear` work on: weights unpacked to one byte per number, activations in panels of tokens.
// Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

#include "ops/linear/rows16.h"

namespace adze::ops {

inline constexpr int kSuperBlocks = 8;     // blocks of 32 in a super-block
inline constexpr int kMostCodePlanes = 2;  // of tiles
/// How far behind a panel its codes are read, for tokens that it does not have.
inline constexpr int kPanelOverrunBytes = 31 * kSuperBlocks * kBlockNumbers + 64;

/// The scales of a super-block of 16 rows, for products that add it up in integers.
struct SuperBlockScales {
  float scale[kGroupRows];
  float minimum[kGroupRows];
  int32_t parts[16][kGroupRows];         // of the numbers that share one: ScaleRows::scale_word
  int32_t minimum_pairs[8][kGroupRows];  // of parts 2 g (low half) and 2 g + 1
};

/// Blocks of 32 numbers of 16 rows, unpacked.
struct CodeTile {
  uint8_t* codes;                  // [block][quad][16][4], or as kernels with two code planes like it
  float* scales;                   // [block][1 or 2][16]
  float* minima;                   // the same shape; unused where the layout has none
  SuperBlockScales* super_blocks;  // in place of scales and minima, where activations have one scale for 256 numbers
};

/// Integer sums start at the bits of the float 1.5 * 2^23. Read as a float, such a sum s is kSumOffset + s (exactly,
/// for |s| < 2^22), so fma(sum, scale, -kSumOffset * scale) is s * scale, rounded once: no conversion is needed. The
/// product kSumOffset * scale is exact, as scales have at most 19 bits.
inline constexpr int32_t kSumStart = 0x4B400000;
inline constexpr float kSumOffset = 12582912.0f;

/// Some blocks of the quantized activations of `tokens` rows, side by side.
struct Panel {
  int8_t* codes;  // [block][tokens][32], or [super-block][tokens][256] where rules say so
  float* scales;  // [block or super-block][tokens]
  /// A scale per block: [block][1 or 2][tokens], see SumWords; sums run over as many numbers as share a weight scale: a
  /// part. A scale per super-block: [super-block][CodeRules::sums][tokens], see store_super_block_sums.
  int32_t* sums;
};

/// What a panel keeps for each part: where its integer sums start, kSumStart - zero_point * sum of the codes; for
/// layouts with minima, float: scale * sum of the codes; or the one and then the other.
enum class SumWords : uint8_t { start, scaled, start_and_scaled };

static constexpr SumWords sum_words(const Rows16Layout& layout) {
  if (!layout.has_minima) return SumWords::start;
  return layout.zero_point ? SumWords::start_and_scaled : SumWords::scaled;
}
static constexpr int word_count(SumWords words) { return words == SumWords::start_and_scaled ? 2 : 1; }

/// How the codes of a weight (with levels: their numbers) enter the integer products.
struct CodeRules {
  const Rows16Layout* layout;
  int zero_point;
  int scales_per_block;
  bool has_minima;
  int bits;               // of the largest number
  int activation_blocks;  // that share an activation scale: 1 or kSuperBlocks
  int sums;               // words for each activation scale of a panel
  /// Codes of tiles are scale * (code - zero point of the layout) + zero_point: exact, as the scales are small.
  bool scales_in_codes;
  int code_planes;             // bytes that hold a code of a tile
  bool super_blocks_together;  // a token's activations in a panel
  bool sums_in_pairs;          // int16 sums of parts 2 g and 2 g + 1 in a word, not where sums start
};

struct Extent {
  int tokens;
  int blocks;
  int groups;  // of 16 rows
};

/// The largest sum of positive (or of negative) codes of a part, or of their magnitudes where there is a zero point, so
/// that its products fit into 16 bits.
static constexpr int narrow_limit(int zero_point, int bits) {
  return 32767 / (zero_point ? zero_point : (1 << bits) - 1);
}

/// The 8-bit kernels of one ISA, for activations with a scale per block or per super-block. Every sum over blocks runs
/// in order, in the lane of its row: results do not depend on how many tokens share a panel, nor on which of the two
/// ways to multiply is taken.
struct Q8Kernels {
  int max_tokens;           // of a panel
  int max_packed_tokens;    // of a panel for multiply_packed; 0: there is none
  int max_groups;           // that are multiplied at once
  int activation_blocks;    // that share a scale: 1 or kSuperBlocks
  bool keeps_bytes_signed;  // 8-bit numbers are int8 in tiles (zero point 0), else uint8 (zero point 128)
  int largest_code;         // that tiles can hold with scales in their codes
  bool sums_in_pairs;       // of CodeRules, for layouts with a zero point too

  /// Quantizes `blocks` blocks of one row into a panel of `tokens`, whose pointers are at the row's column.
  void (*quantize)(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens);
  void (*unpack)(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile);
  /// sums[token][16 * groups] += the products; one tile per group.
  void (*multiply)(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent,
                   float* sums);
  /// The same for one group straight from its records: for few tokens.
  void (*multiply_packed)(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                          float* sums);
  /// Around all calls of unpack and multiply for a weight, in each thread: for state of the processor. Null: nothing.
  void (*begin)() = nullptr;
  void (*end)() = nullptr;
  int most_scales_per_block = 2;
  /// Bytes for a code with scales in it: 2 where one does not hold it. Its zero point is 0 then.
  int code_planes = 1;
  bool keeps_super_blocks_together = false;  // of activations in panels for `multiply`
};

/// With a scale per super-block all within it is exact: S = sum of (scale of the part) * (code - zero_point) * x and
/// M = sum of (minimum of the part) * x in integers. Then, the same everywhere:
///   with minima: total = fma(fma(scale, float(S), -(minimum * float(M))), scale of x, total)
///   without:     total = fma(scale * float(S), scale of x, total)
extern const Q8Kernels kQ8KernelsAmx;
extern const Q8Kernels kQ8KernelsAvx512;
extern const Q8Kernels kQ8KernelsAvx2;
extern const Q8Kernels kQ8KernelsPortable;
extern const Q8Kernels kQ8KernelsI8mm;
extern const Q8Kernels kQ8KernelsDotprod;
extern const Q8Kernels kQ8KernelsNeon;
extern const Q8Kernels kQ8SuperKernelsAmx;
extern const Q8Kernels kQ8SuperKernelsAvx512;
extern const Q8Kernels kQ8SuperKernelsAvx2;
extern const Q8Kernels kQ8SuperKernelsPortable;
extern const Q8Kernels kQ8SuperKernelsDotprod;
extern const Q8Kernels kQ8SuperKernelsNeon;

}  // namespace adze::ops
