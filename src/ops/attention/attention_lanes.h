// The attention kernels over the operations of lanes_<isa>.h (to be included before), compiled once for each ISA.
#pragma once

#include "ops/attention/attention_products.h"

namespace adze::ops {
namespace {

/// Up to that many rows keys and values are widened while they are used, and not once for all rows.
constexpr int kFewRows = 2 * kBlockRows;

// ---- softmax of one segment

constexpr float kLog2E = 1.44269504f;

// What products of queries and keys are multiplied with, where nothing else happens to scores.
inline float score_factor(const AttentionRules& rules) {
  return rules.soft_cap == 0 && rules.scale > 0 ? rules.scale * kLog2E : 1.0f;
}

// Else scores are finished first.
inline bool finishes_first(const AttentionRules& rules) { return rules.soft_cap != 0 || !(rules.scale > 0); }

inline Lanes finished_score(const AttentionRules& rules, Lanes score) {
  score = score * splat(rules.scale);
  if (rules.soft_cap != 0) score = splat(rules.soft_cap) * hyperbolic_tangent(score / splat(rules.soft_cap));
  return score * splat(kLog2E);
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

inline Stretch seen_by(const AttentionTile& tile, int row) {
  return tile.all_seen ? Stretch{0, kSegmentTokens} : Stretch{tile.begin[row], tile.end[row]};
}

inline void finish_scores(const AttentionRules& rules, const Stretch& seen, float* scores) {
  for (int i = seen.first_part(); i < seen.behind_last_part(); ++i) {
    store(scores + 16 * i, finished_score(rules, load(scores + 16 * i)));
  }
}

// The largest of the seen scores; NaN does not count.
inline float largest_score(const Stretch& seen, const float* scores) {
  const Lanes nothing = splat(-__builtin_inff());
  Lanes largest = nothing;
  for (int i = seen.first_part(); i < seen.behind_last_part(); ++i) {
    largest = larger(only_seen(load(scores + 16 * i), seen, i, nothing), largest);
  }
  return lane_maximum(largest);
}

inline float largest_of_all_scores(const float* scores) {
  const Lanes nothing = splat(-__builtin_inff());
  const Lanes low = larger(load(scores), larger(load(scores + 16), nothing));
  const Lanes high = larger(load(scores + 32), larger(load(scores + 48), nothing));
  return lane_maximum(larger(low, high));
}

// The seen scores become weights relative to `maximum`, which are added to `sums`.
inline Lanes weigh_scores(const Stretch& seen, Lanes factor, Lanes minus_maximum, float* scores, Lanes sums) {
  for (int i = seen.first_part(); i < seen.behind_last_part(); ++i) {
    const Lanes weights = power_of_two_up_to_two(multiply_add(load(scores + 16 * i), factor, minus_maximum));
    const Lanes seen_weights = only_seen(weights, seen, i, splat(0.0f));
    store(scores + 16 * i, seen_weights);
    sums = sums + seen_weights;
  }
  return sums;
}

inline Lanes weigh_all_scores(Lanes factor, Lanes minus_maximum, float* scores, Lanes sums) {
#pragma GCC unroll 4
  for (int i = 0; i < kSegmentTokens; i += 16) {
    const Lanes weights = power_of_two_up_to_two(multiply_add(load(scores + i), factor, minus_maximum));
    store(scores + i, weights);
    sums = sums + weights;
  }
  return sums;
}

inline void scale_row(float* row, int count, float factor) {
  if (factor == 1.0f) return;
  for (int i = 0; i < count; i += 16) store(row + i, load(row + i) * splat(factor));
}

// The rows' maxima take in the scores; change[row] is by what factor their weights change.
inline void raise_maxima(const AttentionRules& rules, const AttentionTile& tile, const RowBlock& block, float* scores,
                         float* change) {
  const float factor = score_factor(rules);
  Lanes changes = splat(0.0f);
  for (int i = 0; i < block.rows; ++i) {
    const Stretch seen = seen_by(tile, block.first + i);
    if (seen.empty()) continue;
    float* row = scores + i * kSegmentTokens;
    if (finishes_first(rules)) finish_scores(rules, seen, row);
    const float largest = (tile.all_seen ? largest_of_all_scores(row) : largest_score(seen, row)) * factor;
    float* maximum = tile.span.maxima + block.first + i;
    const float after = largest > *maximum ? largest : *maximum;
    changes = within(splat(*maximum - after), i, i + 1, changes);
    *maximum = after;
  }
  store(change, power_of_two_up_to_two(changes));
}

// Scores of the block become weights, and what its rows have summed up is rescaled. In steps over all rows, so that one
// row's chain of operations hides behind the others'.
inline void weigh_block(const AttentionRules& rules, const AttentionTile& tile, const RowBlock& block, float* scores) {
  alignas(64) float change[16];
  raise_maxima(rules, tile, block, scores, change);
  const Lanes factor = splat(score_factor(rules));
  for (int i = 0; i < block.rows; ++i) {
    const int row = block.first + i;
    const Stretch seen = seen_by(tile, row);
    if (seen.empty()) continue;
    float* sums = tile.span.weights + kWeightSums * row;
    const Lanes before = load(sums) * splat(change[i]);
    const Lanes minus_maximum = splat(-tile.span.maxima[row]);
    float* from = scores + i * kSegmentTokens;
    store(sums, tile.all_seen ? weigh_all_scores(factor, minus_maximum, from, before)
                              : weigh_scores(seen, factor, minus_maximum, from, before));
    scale_row(tile.span.values + row * rules.padded_value_dim, rules.padded_value_dim, change[i]);
  }
}

// ---- one segment

struct BlockTask {
  const AttentionRules& rules;
  const AttentionTile& tile;
  const AttentionSegment& segment;
  RowBlock block;
  float* scores;  // [row][64]
};

// Sixteens [column, behind) of the block's values. Rows see different stretches of the segment; what only some of them
// see is added row by row, so that a NaN among values that a row must not see cannot reach it.
template <typename Values>
void add_seen_values(const BlockTask& task, const float* weights, const Values& values, int column, int behind) {
  const int* row_begin = task.tile.begin + task.block.first;
  const int* row_end = task.tile.end + task.block.first;
  const auto add = [&](int i, int rows, int begin, int end) {
    add_values(rows, {weights + i * kSegmentTokens + begin, kSegmentTokens}, values,
               {begin, end - begin, column, behind},
               task.tile.span.values + (task.block.first + i) * task.rules.padded_value_dim);
  };
  int begin = 0;
  int end = kSegmentTokens;
  if (task.tile.all_seen) return add(0, task.block.rows, begin, end);
  for (int i = 0; i < task.block.rows; ++i) {
    begin = maximum_of(begin, row_begin[i]);
    end = minimum_of(end, row_end[i]);
  }
  end = maximum_of(begin, end);
  for (int i = 0; i < task.block.rows; ++i) add(i, 1, row_begin[i], minimum_of(begin, row_end[i]));
  add(0, task.block.rows, begin, end);
  for (int i = 0; i < task.block.rows; ++i) add(i, 1, maximum_of(end, row_begin[i]), row_end[i]);
}

inline void scale_weights(const BlockTask& task, const float* scales, float* scaled) {
  for (int i = 0; i < task.block.rows; ++i) {
    const Stretch seen = seen_by(task.tile, task.block.first + i);
    for (int n = seen.first_part(); n < seen.behind_last_part(); ++n) {
      const int at = i * kSegmentTokens + 16 * n;
      store(scaled + at, load(task.scores + at) * load(scales + 16 * n));
    }
  }
}

template <typename Values>
void add_block_values(const BlockTask& task, const Values& values) {
  if constexpr (!Values::kScaled) {
    add_seen_values(task, task.scores, values, 0, task.rules.padded_value_dim / 16);
  } else {
    alignas(64) float scaled[kBlockRows * kSegmentTokens];
    for (int block = 0; block < task.rules.value_dim / kScaledNumbers; ++block) {
      scale_weights(task, task.segment.value_scales + block * kSegmentTokens, scaled);
      add_seen_values(task, scaled, values, 2 * block, 2 * block + 2);
    }
  }
}

// What any row of the block sees.
inline Stretch seen_by_any(const AttentionTile& tile, const RowBlock& block) {
  if (tile.all_seen) return {0, kSegmentTokens};
  Stretch seen{kSegmentTokens, 0};
  for (int row = block.first; row < block.first + block.rows; ++row) {
    if (tile.begin[row] == tile.end[row]) continue;
    seen.begin = minimum_of(seen.begin, tile.begin[row]);
    seen.end = maximum_of(seen.end, tile.end[row]);
  }
  return seen;
}

template <typename Keys, typename Values>
void attend_block(const BlockTask& task, const Keys& keys, const Values& values) {
  const Stretch seen = seen_by_any(task.tile, task.block);
  if (seen.begin >= seen.end) return;
  const int width = task.rules.padded_dim;
  const Rows queries{task.tile.queries + task.block.first * width, width};
  score(task.block.rows, {task.rules, task.segment, queries, task.scores}, keys, seen.first_part(),
        seen.behind_last_part());
  weigh_block(task.rules, task.tile, task.block, task.scores);
  add_block_values(task, values);
}

template <typename Keys, typename Values>
void attend_rows(const AttentionRules& rules, const AttentionTile& tile, const Keys& keys, const Values& values) {
  alignas(64) float scores[kBlockRows * kSegmentTokens];
  int blocks = (tile.rows + kBlockRows - 1) / kBlockRows;
  for (RowBlock block{0, 0}; blocks > 0; block.first += block.rows, --blocks) {
    block.rows = (tile.rows - block.first + blocks - 1) / blocks;
    attend_block(BlockTask{rules, tile, keys.segment, block, scores}, keys, values);
  }
}

template <StoredAs kStored>
void attend_stored(const AttentionRules& rules, const AttentionTile& tile, const AttentionSegment& segment) {
  constexpr bool kScaled = kHasScales<kStored>;
  if constexpr (kScaled) gather_value_scales<kStored>(rules, segment);
  if (tile.rows <= kFewRows && rules.padded_value_dim == rules.value_dim) {
    attend_rows(rules, tile, StoredKeys<kStored>{segment}, StoredValues<kStored>{rules, segment});
  } else {
    widen_keys<kStored>(rules, segment);
    widen_values<kStored>(rules, segment);
    attend_rows(rules, tile, WideKeys<kScaled>{segment}, WideValues<kScaled>{rules, segment});
  }
}

void attend(const AttentionRules& rules, const AttentionTile& tile, const AttentionSegment& segment) {
  switch (rules.stored) {
    case StoredAs::f32:
      return attend_stored<StoredAs::f32>(rules, tile, segment);
    case StoredAs::f16:
      return attend_stored<StoredAs::f16>(rules, tile, segment);
    case StoredAs::q8_0:
      return attend_stored<StoredAs::q8_0>(rules, tile, segment);
    case StoredAs::q4_0:
      return attend_stored<StoredAs::q4_0>(rules, tile, segment);
  }
}

// ---- spans

inline void merge_row(const AttentionRules& rules, const RunningRows& span, const RunningRows& total, int row) {
  const float maximum = span.maxima[row] > total.maxima[row] ? span.maxima[row] : total.maxima[row];
  float old_factor[16], new_factor[16];
  store(old_factor, power_of_two_up_to_two(splat(total.maxima[row] - maximum)));
  store(new_factor, power_of_two_up_to_two(splat(span.maxima[row] - maximum)));
  const Lanes old_scale = splat(old_factor[0]);
  const Lanes new_scale = splat(new_factor[0]);
  float* from = span.values + row * rules.padded_value_dim;
  float* to = total.values + row * rules.padded_value_dim;
  for (int i = 0; i < rules.padded_value_dim; i += 16) {
    store(to + i, multiply_add(load(from + i), new_scale, load(to + i) * old_scale));
    store(from + i, splat(0.0f));
  }
  float* new_weights = span.weights + 16 * row;
  float* weights = total.weights + 16 * row;
  store(weights, multiply_add(load(new_weights), new_scale, load(weights) * old_scale));
  store(new_weights, splat(0.0f));
  total.maxima[row] = maximum;
  span.maxima[row] = -__builtin_inff();
}

void merge_span(const AttentionRules& rules, const AttentionTile& tile) {
  for (int row = 0; row < tile.rows; ++row) {
    // A row that saw nothing of the span has summed up no weight; NaN is not 0.
    if (lane_sum(load(tile.span.weights + 16 * row)) != 0) merge_row(rules, tile.span, tile.total, row);
  }
}

}  // namespace
}  // namespace adze::ops
