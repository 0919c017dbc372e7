// Queries times keys and weights times values, in blocks of registers.
// Over the operations of lanes_<isa>.h (to be included before).
#pragma once

#include "ops/attention/attention_storage.h"

namespace adze::ops {
namespace {

constexpr int kBlockRows = 6;
/// 16-float columns of a register block: 6 x 4 registers of 32, or 6 x 2 of 16.
constexpr int kBlockColumns = Lanes::kRegisters == 1 ? 4 : 1;

// ---- register blocks

struct Rows {
  const float* at;
  int stride;
};

template <int kRows, int kColumns>
struct Sums {
  Lanes at[kRows][kColumns];

  void clear() {
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int n = 0; n < kColumns; ++n) at[r][n] = splat(0.0f);
    }
  }
  void load_from(const float* from, int stride) {
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int n = 0; n < kColumns; ++n) at[r][n] = load(from + r * stride + 16 * n);
    }
  }
  void store_to(float* to, int stride) const {
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
      for (int n = 0; n < kColumns; ++n) store(to + r * stride + 16 * n, at[r][n]);
    }
  }
};

// sums[row][n] += a[row][k] * b.load(k, n), k in order.
template <int kRows, int kColumns, typename Operand>
inline void add_products(const Rows& a, int count, const Operand& b, Sums<kRows, kColumns>& sums) {
  for (int k = 0; k < count; ++k) {
    Lanes numbers[kColumns];
#pragma GCC unroll 4
    for (int n = 0; n < kColumns; ++n) {
      numbers[n] = b.load(k, n);
      keep_in_register(numbers[n]);
    }
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const Lanes factor = splat(a.at[r * a.stride + k]);
#pragma GCC unroll 4
      for (int n = 0; n < kColumns; ++n) sums.at[r][n] = multiply_add(factor, numbers[n], sums.at[r][n]);
    }
  }
}

// ---- products of queries and keys

struct ScoreTask {
  const AttentionRules& rules;
  const AttentionSegment& segment;
  Rows queries;
  float* scores;  // [row][64]
};

// The block's sum, times its scale, joins the scores.
template <int kRows, int kColumns>
inline void add_scaled(const ScoreTask& task, const Sums<kRows, kColumns>& sums, int block, int part) {
#pragma GCC unroll 4
  for (int n = 0; n < kColumns; ++n) {
    const Lanes scales = key_scales(task.rules, task.segment, block, part + n);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      float* score = task.scores + r * kSegmentTokens + 16 * (part + n);
      store(score, multiply_add(sums.at[r][n], scales, block == 0 ? splat(0.0f) : load(score)));
    }
  }
}

template <int kRows, int kColumns, typename Keys>
inline void score_positions(const ScoreTask& task, const Keys& keys, int part) {
  Sums<kRows, kColumns> sums;
  if constexpr (!Keys::kScaled) {
    sums.clear();
    add_products(task.queries, task.rules.head_dim, keys.template run<0>(0, part), sums);
    sums.store_to(task.scores + 16 * part, kSegmentTokens);
  } else {
    constexpr int kCount = kScaledNumbers / Keys::kParts;
    for (int block = 0; block < task.rules.head_dim / kScaledNumbers; ++block) {
      const Rows queries{task.queries.at + block * kScaledNumbers, task.queries.stride};
      sums.clear();
      add_products(queries, kCount, keys.template run<0>(block, part), sums);
      if constexpr (Keys::kParts == 2) {
        add_products({queries.at + kCount, queries.stride}, kCount, keys.template run<1>(block, part), sums);
      }
      add_scaled(task, sums, block, part);
    }
  }
}

// Positions [16 begin, 16 end).
template <int kRows, typename Keys>
void score_rows(const ScoreTask& task, const Keys& keys, int begin, int end) {
  int part = begin;
  for (; part + kBlockColumns <= end; part += kBlockColumns) score_positions<kRows, kBlockColumns>(task, keys, part);
  if constexpr (kBlockColumns > 2) {
    for (; part + 2 <= end; part += 2) score_positions<kRows, 2>(task, keys, part);
  }
  for (; part < end; ++part) score_positions<kRows, 1>(task, keys, part);
}

template <typename Keys>
void score(int rows, const ScoreTask& task, const Keys& keys, int begin, int end) {
  typedef void (*Score)(const ScoreTask& task, const Keys& keys, int begin, int end);
  static constexpr Score kByRows[kBlockRows + 1] = {nullptr,
                                                    score_rows<1, Keys>,
                                                    score_rows<2, Keys>,
                                                    score_rows<3, Keys>,
                                                    score_rows<4, Keys>,
                                                    score_rows<5, Keys>,
                                                    score_rows<6, Keys>};
  kByRows[rows](task, keys, begin, end);
}

// ---- products of weights and values

// Positions and sixteens of numbers that are added.
struct ValueStretch {
  int token;
  int tokens;
  int column;
  int behind;
};

template <int kRows, int kColumns, typename Values>
inline void add_columns(const Rows& weights, const Values& values, const ValueStretch& stretch, float* sums) {
  const int width = values.rules.padded_value_dim;
  Sums<kRows, kColumns> block;
  block.load_from(sums + 16 * stretch.column, width);
  add_products(weights, stretch.tokens, values.from(stretch.token, stretch.column), block);
  block.store_to(sums + 16 * stretch.column, width);
}

template <int kRows, typename Values>
void add_to_rows(const Rows& weights, const Values& values, ValueStretch stretch, float* sums) {
  for (; stretch.column + kBlockColumns <= stretch.behind; stretch.column += kBlockColumns) {
    add_columns<kRows, kBlockColumns>(weights, values, stretch, sums);
  }
  if constexpr (kBlockColumns > 2) {
    for (; stretch.column + 2 <= stretch.behind; stretch.column += 2) {
      add_columns<kRows, 2>(weights, values, stretch, sums);
    }
  }
  for (; stretch.column < stretch.behind; ++stretch.column) add_columns<kRows, 1>(weights, values, stretch, sums);
}

// sums[row] += weights[row][k] * values of token `stretch.token` + k
template <typename Values>
void add_values(int rows, const Rows& weights, const Values& values, const ValueStretch& stretch, float* sums) {
  typedef void (*Add)(const Rows& weights, const Values& values, ValueStretch stretch, float* sums);
  static constexpr Add kByRows[kBlockRows + 1] = {nullptr,
                                                  add_to_rows<1, Values>,
                                                  add_to_rows<2, Values>,
                                                  add_to_rows<3, Values>,
                                                  add_to_rows<4, Values>,
                                                  add_to_rows<5, Values>,
                                                  add_to_rows<6, Values>};
  if (stretch.tokens > 0) kByRows[rows](weights, values, stretch, sums);
}

}  // namespace
}  // namespace adze::ops
