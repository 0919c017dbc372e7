// The attention kernels over the operations of lanes_<isa>.h (to be included before), compiled once for each ISA.
#pragma once

#include "ops/attention/attention_tile.h"

namespace adze::ops {
namespace {

constexpr int kBlockRows = 6;
/// 16-float columns of a register block: 6 x 4 registers of 32, or 6 x 2 of 16.
constexpr int kBlockColumns = Lanes::kRegisters == 1 ? 4 : 1;

// ---- c[row][n] += a[row][k] * b[k][n], k in order

struct Operands {
  const float* a;
  int a_stride;
  const float* b;
  int b_stride;
  float* c;
  int c_stride;
};

template <int kRows, int kColumns>
inline void multiply_block(const Operands& o, int count) {
  Lanes sum[kRows][kColumns];
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < kColumns; ++n) sum[r][n] = load(o.c + r * o.c_stride + 16 * n);
  }
  for (int k = 0; k < count; ++k) {
    Lanes b[kColumns];
#pragma GCC unroll 4
    for (int n = 0; n < kColumns; ++n) {
      b[n] = load(o.b + k * o.b_stride + 16 * n);
      keep_in_register(b[n]);
    }
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const Lanes a = splat(o.a[r * o.a_stride + k]);
#pragma GCC unroll 4
      for (int n = 0; n < kColumns; ++n) sum[r][n] = multiply_add(a, b[n], sum[r][n]);
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int n = 0; n < kColumns; ++n) store(o.c + r * o.c_stride + 16 * n, sum[r][n]);
  }
}

template <int kRows>
void multiply_rows(Operands o, int count, int columns) {
  int n = 0;
  for (; n + 16 * kBlockColumns <= columns; n += 16 * kBlockColumns) {
    multiply_block<kRows, kBlockColumns>(o, count);
    o.b += 16 * kBlockColumns;
    o.c += 16 * kBlockColumns;
  }
  if constexpr (kBlockColumns > 2) {
    for (; n + 32 <= columns; n += 32) {
      multiply_block<kRows, 2>(o, count);
      o.b += 32;
      o.c += 32;
    }
  }
  for (; n < columns; n += 16) {
    multiply_block<kRows, 1>(o, count);
    o.b += 16;
    o.c += 16;
  }
}

/// `rows` is at most kBlockRows.
void multiply(int rows, const Operands& o, int count, int columns) {
  typedef void (*Multiply)(Operands o, int count, int columns);
  static constexpr Multiply kByRows[kBlockRows + 1] = {nullptr,          multiply_rows<1>, multiply_rows<2>,
                                                       multiply_rows<3>, multiply_rows<4>, multiply_rows<5>,
                                                       multiply_rows<6>};
  if (count > 0) kByRows[rows](o, count, columns);
}

// ---- keys and values of a segment as floats

// `width` floats of one head of one token, zero from head_dim on.
inline void widen_row(const uint8_t* from, bool half, const AttentionRules& rules, float* to) {
  int i = 0;
  for (; i + 16 <= rules.head_dim; i += 16)
    store(to + i, half ? load_f16(from + 2 * i) : load_float_bytes(from + 4 * i));
  if (i == rules.head_dim) return;
  alignas(64) uint8_t rest[64] = {};
  const int bytes = half ? 2 : 4;
  __builtin_memcpy(rest, from + i * bytes, static_cast<unsigned>((rules.head_dim - i) * bytes));
  store(to + i, half ? load_f16(rest) : load_float_bytes(rest));
}

void load_segment(const AttentionRules& rules, const AttentionSegment& segment) {
  for (int first = 0; first < segment.tokens; first += 16) {
    alignas(64) float rows[16 * kMaxHeadDim];
    for (int i = 0; i < 16; ++i) {
      float* row = rows + i * rules.padded_dim;
      const int token = first + i;
      if (token < segment.tokens) {
        widen_row(segment.keys[token], segment.half, rules, row);
        widen_row(segment.values[token], segment.half, rules, segment.widened_values + token * rules.padded_dim);
      } else {
        __builtin_memset(row, 0, static_cast<unsigned>(rules.padded_dim) * sizeof(float));
      }
    }
    for (int d = 0; d < rules.padded_dim; d += 16) {
      transpose(rows + d, rules.padded_dim, segment.turned_keys + d * kSegmentTokens + first, kSegmentTokens);
    }
  }
}

// ---- one segment

inline Lanes finished_score(const AttentionRules& rules, Lanes score) {
  score = score * splat(rules.scale);
  if (rules.soft_cap == 0) return score;
  return splat(rules.soft_cap) * hyperbolic_tangent(score / splat(rules.soft_cap));
}

inline int minimum_of(int a, int b) { return a < b ? a : b; }
inline int maximum_of(int a, int b) { return a > b ? a : b; }

// Up to kBlockRows rows of the tile.
struct RowBlock {
  int first;
  int rows;
};

// Positions of the segment, seen by a row.
struct Stretch {
  int begin;
  int end;

  bool empty() const { return begin == end; }
  // In parts of 16 positions.
  int first_part() const { return begin / 16; }
  int behind_last_part() const { return (end + 15) / 16; }
  bool has_all_of(int part) const { return begin <= 16 * part && 16 * part + 16 <= end; }
};

inline Lanes only_seen(Lanes a, const Stretch& seen, int part, Lanes other) {
  return seen.has_all_of(part) ? a : within(a, seen.begin - 16 * part, seen.end - 16 * part, other);
}

// Finishes the seen scores of a row in place; returns the largest.
inline float finish_scores(const AttentionRules& rules, const Stretch& seen, float before, float* scores) {
  const Lanes nothing = splat(-__builtin_inff());
  Lanes largest = splat(before);
  for (int i = seen.first_part(); i < seen.behind_last_part(); ++i) {
    const Lanes score = only_seen(finished_score(rules, load(scores + 16 * i)), seen, i, nothing);
    store(scores + 16 * i, score);
    largest = larger(score, largest);
  }
  return lane_maximum(largest);
}

// The seen scores become weights relative to `maximum`; returns their sum.
inline float weigh_scores(const Stretch& seen, float maximum, float* scores) {
  Lanes sum = splat(0.0f);
  for (int i = seen.first_part(); i < seen.behind_last_part(); ++i) {
    const Lanes weights = only_seen(exponential(load(scores + 16 * i) - splat(maximum)), seen, i, splat(0.0f));
    store(scores + 16 * i, weights);
    sum = sum + weights;
  }
  return lane_sum(sum);
}

inline void scale_row(float* row, int count, float factor) {
  if (factor == 1.0f) return;
  for (int i = 0; i < count; i += 16) store(row + i, load(row + i) * splat(factor));
}

// Scores of the block become weights, and what its rows have summed up is rescaled. In steps over all rows, so that one
// row's chain of operations hides behind the others'.
inline void weigh_block(const AttentionRules& rules, const AttentionTile& tile, const RowBlock& block, float* scores) {
  float change[16] = {};
  for (int i = 0; i < block.rows; ++i) {
    const Stretch seen{tile.begin[block.first + i], tile.end[block.first + i]};
    if (seen.empty()) continue;
    float* maximum = tile.span.maxima + block.first + i;
    const float after = finish_scores(rules, seen, *maximum, scores + i * kSegmentTokens);
    change[i] = *maximum - after;
    *maximum = after;
  }
  store(change, exponential(load(change)));
  for (int i = 0; i < block.rows; ++i) {
    const int row = block.first + i;
    const Stretch seen{tile.begin[row], tile.end[row]};
    if (seen.empty()) continue;
    const float sum = weigh_scores(seen, tile.span.maxima[row], scores + i * kSegmentTokens);
    tile.span.weights[row] = __builtin_fmaf(tile.span.weights[row], change[i], sum);
    scale_row(tile.span.values + row * rules.padded_dim, rules.padded_dim, change[i]);
  }
}

// values[row] += weights[row][begin .. end) * value rows. Rows see different stretches of the segment; what only some
// of them see is added row by row, so that a NaN among values that a row must not see cannot reach it.
inline void add_values(const AttentionRules& rules, const AttentionTile& tile, const AttentionSegment& segment,
                       const RowBlock& block, const float* scores) {
  const auto operands = [&](int i, int token) {
    return Operands{scores + i * kSegmentTokens + token,
                    kSegmentTokens,
                    segment.widened_values + token * rules.padded_dim,
                    rules.padded_dim,
                    tile.span.values + (block.first + i) * rules.padded_dim,
                    rules.padded_dim};
  };
  const int* row_begin = tile.begin + block.first;
  const int* row_end = tile.end + block.first;
  int begin = 0;
  int end = kSegmentTokens;
  for (int i = 0; i < block.rows; ++i) {
    begin = maximum_of(begin, row_begin[i]);
    end = minimum_of(end, row_end[i]);
  }
  end = maximum_of(begin, end);
  for (int i = 0; i < block.rows; ++i) {
    multiply(1, operands(i, row_begin[i]), minimum_of(begin, row_end[i]) - row_begin[i], rules.padded_dim);
  }
  multiply(block.rows, operands(0, begin), end - begin, rules.padded_dim);
  for (int i = 0; i < block.rows; ++i) {
    const int start = maximum_of(end, row_begin[i]);
    multiply(1, operands(i, start), row_end[i] - start, rules.padded_dim);
  }
}

// What any row of the block sees.
inline Stretch seen_by_any(const AttentionTile& tile, const RowBlock& block) {
  Stretch seen{kSegmentTokens, 0};
  for (int row = block.first; row < block.first + block.rows; ++row) {
    if (tile.begin[row] == tile.end[row]) continue;
    seen.begin = minimum_of(seen.begin, tile.begin[row]);
    seen.end = maximum_of(seen.end, tile.end[row]);
  }
  return seen;
}

void attend(const AttentionRules& rules, const AttentionTile& tile, const AttentionSegment& segment) {
  alignas(64) float scores[kBlockRows * kSegmentTokens];
  for (RowBlock block{0, 0}; block.first < tile.rows; block.first += kBlockRows) {
    block.rows = minimum_of(kBlockRows, tile.rows - block.first);
    const Stretch seen = seen_by_any(tile, block);
    if (seen.begin >= seen.end) continue;
    const int first = seen.begin / 16 * 16;
    const int columns = (seen.end - first + 15) / 16 * 16;
    __builtin_memset(scores, 0, sizeof scores);
    multiply(block.rows,
             {tile.queries + block.first * rules.padded_dim, rules.padded_dim, segment.turned_keys + first,
              kSegmentTokens, scores + first, kSegmentTokens},
             rules.padded_dim, columns);
    weigh_block(rules, tile, block, scores);
    add_values(rules, tile, segment, block, scores);
  }
}

// ---- spans

inline void merge_row(const AttentionRules& rules, const RunningRows& span, const RunningRows& total, int row) {
  const float maximum = span.maxima[row] > total.maxima[row] ? span.maxima[row] : total.maxima[row];
  float old_factor[16], new_factor[16];
  store(old_factor, exponential(splat(total.maxima[row] - maximum)));
  store(new_factor, exponential(splat(span.maxima[row] - maximum)));
  const Lanes old_scale = splat(old_factor[0]);
  const Lanes new_scale = splat(new_factor[0]);
  float* from = span.values + row * rules.padded_dim;
  float* to = total.values + row * rules.padded_dim;
  for (int i = 0; i < rules.padded_dim; i += 16) {
    store(to + i, multiply_add(load(from + i), new_scale, load(to + i) * old_scale));
    store(from + i, splat(0.0f));
  }
  total.weights[row] = __builtin_fmaf(span.weights[row], new_factor[0], total.weights[row] * old_factor[0]);
  total.maxima[row] = maximum;
  span.weights[row] = 0;
  span.maxima[row] = -__builtin_inff();
}

void merge_span(const AttentionRules& rules, const AttentionTile& tile) {
  for (int row = 0; row < tile.rows; ++row) {
    // A row that saw nothing of the span has summed up no weight; NaN is not 0.
    if (tile.span.weights[row] != 0) merge_row(rules, tile.span, tile.total, row);
  }
}

}  // namespace
}  // namespace adze::ops
