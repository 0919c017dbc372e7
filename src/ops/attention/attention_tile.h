// What the fast attention kernels work on: a tile of query rows that share one key head, and one segment of the
// history at a time. Plain structs only: files compiled for one ISA include this.
//
// The recipe, which depends on nothing but the row itself and its history:
// - positions are taken in segments of 64 from absolute position 0 on, with an online softmax (Milakov and Gimelshein
//   2018); eight segments make a span, whose result starts afresh and is then merged into the row's total;
// - score = sum over d of query[d] * key[d], added in order of d, each product and sum rounded once. Of block types the
//   codes of a block are summed up like that and the sum is then added with the block's scale (rounded once);
// - sum[d] += weight * value[d], position by position, rounded once. Of block types the value is its code, and the
//   weight is multiplied by the scale of the value's block before;
// - weight = 2^(score * log2(e) - maximum), rounded once before the power, with maxima in the same unit;
// - sixteen partial sums of weights, one per position modulo 16, are added up at the end;
// - a sink is the first maximum, and a weight of 1 in the first of these sums.
// So it does not matter how many rows are computed together, and whether keys and values are widened to floats first
// (many rows, which share the result) or while they are used (few rows: memory is read once and is the limit).
#pragma once

#include <cstdint>

namespace adze::ops {

inline constexpr int kSegmentTokens = 64;
inline constexpr int kSpanTokens = 512;
inline constexpr int kWeightSums = 16;
inline constexpr int kMaxTileRows = 256;
inline constexpr int kMaxHeadDim = 1024;
inline constexpr int kScaledNumbers = 32;  // of a block type that share a scale
inline constexpr int kMaxScales = kMaxHeadDim / kScaledNumbers;

enum class StoredAs : uint8_t { f32, f16, q8_0, q4_0 };

struct AttentionRules {
  int head_dim;
  int padded_dim;   // to a multiple of 16; padding is zero
  int token_bytes;  // of keys
  int value_dim;
  int padded_value_dim;
  int value_token_bytes;
  StoredAs stored;
  float scale;
  float soft_cap;  // 0: none
};

/// Running softmax of each row: sum of weights * values, of weights, and the largest score.
struct RunningRows {
  float* values;   // [row][padded_value_dim]
  float* weights;  // [row][kWeightSums]
  float* maxima;   // [row], times log2(e)
};

struct AttentionTile {
  int rows;
  const float* queries;  // [row][padded_dim]
  RunningRows span;
  RunningRows total;
  bool all_seen;  // all rows see all positions of the segment; begin and end are not set then
  int* begin;     // [row] first position of the segment that the row sees
  int* end;       // [row] behind the last one; begin == end: none
};

struct AttentionSegment {
  int tokens;             // that the history has of it
  const uint8_t* keys;    // turned (turned_rows.h)
  const uint8_t* values;  // rows
  int64_t next_keys;      // bytes from here to the segment that comes next, which is fetched meanwhile
  int64_t next_values;
  float* wide_keys;     // [head_dim][64]
  float* wide_values;   // [64][padded_value_dim]
  float* value_scales;  // [block][64]
};

struct AttentionKernels {
  void (*attend)(const AttentionRules& rules, const AttentionTile& tile, const AttentionSegment& segment);
  /// Merges span into total and starts the span afresh.
  void (*merge_span)(const AttentionRules& rules, const AttentionTile& tile);
};

extern const AttentionKernels kAttentionKernelsAvx512;
extern const AttentionKernels kAttentionKernelsAvx2;
extern const AttentionKernels kAttentionKernelsNeon;

}  // namespace adze::ops
