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
    for (int n = 0; n < kColumns; ++n) b[n] = load(o.b + k * o.b_stride + 16 * n);
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

// Turns scores into weights relative to the row's new maximum; weights outside [begin, end) are 0.
// Returns the factor for what the row has summed up before.
inline float weigh_scores(const AttentionRules& rules, int begin, int end, float* scores, float* maximum,
                          float* weight) {
  constexpr int kParts = kSegmentTokens / 16;
  const Lanes nothing = splat(-__builtin_inff());
  Lanes score[kParts];
  Lanes largest = nothing;
  for (int i = 0; i < kParts; ++i) {
    score[i] = within(finished_score(rules, load(scores + 16 * i)), begin - 16 * i, end - 16 * i, nothing);
    largest = larger(score[i], largest);
  }
  const float before = *maximum;
  const float after = lane_maximum(larger(splat(before), largest));
  Lanes sum = splat(0.0f);
  for (int i = 0; i < kParts; ++i) {
    const Lanes weights = within(exponential(score[i] - splat(after)), begin - 16 * i, end - 16 * i, splat(0.0f));
    store(scores + 16 * i, weights);
    sum = sum + weights;
  }
  float factors[16];
  store(factors, exponential(splat(before - after)));
  *maximum = after;
  *weight = *weight * factors[0] + lane_sum(sum);
  return factors[0];
}

inline void scale_row(float* row, int count, float factor) {
  if (factor == 1.0f) return;
  for (int i = 0; i < count; i += 16) store(row + i, load(row + i) * splat(factor));
}

inline int minimum_of(int a, int b) { return a < b ? a : b; }
inline int maximum_of(int a, int b) { return a > b ? a : b; }

// values[row] += weights[row][begin .. end) * value rows. Rows see different stretches of the segment; what only some
// of them see is added row by row, so that a NaN among values that a row must not see cannot reach it.
inline void add_values(const AttentionRules& rules, const AttentionTile& tile, const AttentionSegment& segment,
                       int first, int rows) {
  const auto operands = [&](int row, int token) {
    return Operands{tile.scores + row * kSegmentTokens + token,        kSegmentTokens,
                    segment.widened_values + token * rules.padded_dim, rules.padded_dim,
                    tile.span.values + row * rules.padded_dim,         rules.padded_dim};
  };
  int begin = 0;
  int end = kSegmentTokens;
  for (int row = first; row < first + rows; ++row) {
    begin = maximum_of(begin, tile.begin[row]);
    end = minimum_of(end, tile.end[row]);
  }
  if (end < begin) end = begin;
  for (int row = first; row < first + rows; ++row) {
    const int stop = minimum_of(begin, tile.end[row]);
    multiply(1, operands(row, tile.begin[row]), stop - tile.begin[row], rules.padded_dim);
  }
  multiply(rows, operands(first, begin), end - begin, rules.padded_dim);
  for (int row = first; row < first + rows; ++row) {
    const int start = maximum_of(end, tile.begin[row]);
    multiply(1, operands(row, start), tile.end[row] - start, rules.padded_dim);
  }
}

void attend(const AttentionRules& rules, const AttentionTile& tile, const AttentionSegment& segment) {
  const int columns = (segment.tokens + 15) / 16 * 16;
  for (int first = 0; first < tile.rows; first += kBlockRows) {
    const int rows = minimum_of(kBlockRows, tile.rows - first);
    float* scores = tile.scores + first * kSegmentTokens;
    __builtin_memset(scores, 0, static_cast<unsigned>(rows * kSegmentTokens) * sizeof(float));
    multiply(rows,
             {tile.queries + first * rules.padded_dim, rules.padded_dim, segment.turned_keys, kSegmentTokens, scores,
              kSegmentTokens},
             rules.padded_dim, columns);
    for (int row = first; row < first + rows; ++row) {
      if (tile.begin[row] == tile.end[row]) continue;
      const float factor = weigh_scores(rules, tile.begin[row], tile.end[row], tile.scores + row * kSegmentTokens,
                                        tile.span.maxima + row, tile.span.weights + row);
      scale_row(tile.span.values + row * rules.padded_dim, rules.padded_dim, factor);
    }
    add_values(rules, tile, segment, first, rows);
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
