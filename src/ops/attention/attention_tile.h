// What the fast attention kernels work on: a tile of query rows that share one key head, and one segment of the
// history at a time. Plain structs only: files compiled for one ISA include this.
//
// The recipe, which depends on nothing but the row itself and its history: positions are taken in segments of 64 from
// absolute position 0 on, with an online softmax (Milakov and Gimelshein 2018); eight segments make a span, whose
// result starts afresh and is then merged into the row's total.
#pragma once

#include <cstdint>

namespace adze::ops {

inline constexpr int kSegmentTokens = 64;
inline constexpr int kSpanTokens = 512;
inline constexpr int kMaxTileRows = 128;
inline constexpr int kMaxHeadDim = 256;

struct AttentionRules {
  int head_dim;
  int padded_dim;  // to a multiple of 16; padding is zero
  float scale;
  float soft_cap;  // 0: none
};

/// Running softmax of each row: sum of weights * values, of weights, and the largest score.
struct RunningRows {
  float* values;   // [row][padded_dim]
  float* weights;  // [row]
  float* maxima;   // [row]
};

struct AttentionTile {
  int rows;
  const float* queries;  // [row][padded_dim]
  RunningRows span;
  RunningRows total;
  int* begin;  // [row] first position of the segment that the row sees
  int* end;    // [row] behind the last one; begin == end: none
};

struct AttentionSegment {
  int tokens;  // whose keys and values are there
  bool half;   // f16, else f32
  const uint8_t* keys[kSegmentTokens];
  const uint8_t* values[kSegmentTokens];
  float* turned_keys;     // [padded_dim][64]
  float* widened_values;  // [64][padded_dim]
};

struct AttentionKernels {
  void (*load_segment)(const AttentionRules& rules, const AttentionSegment& segment);
  void (*attend)(const AttentionRules& rules, const AttentionTile& tile, const AttentionSegment& segment);
  /// Merges span into total and starts the span afresh.
  void (*merge_span)(const AttentionRules& rules, const AttentionTile& tile);
};

extern const AttentionKernels kAttentionKernelsAvx512;
extern const AttentionKernels kAttentionKernelsAvx2;
extern const AttentionKernels kAttentionKernelsNeon;

}  // namespace adze::ops
