#include "ops/attention/attention_walk.h"

#include <algorithm>
#include <limits>
#include <numbers>

#include "codecs/codec.h"

namespace adze::ops {
namespace {

StoredAs stored_as(StorageType storage) {
  if (storage == &codecs::q8_0.info) return StoredAs::q8_0;
  if (storage == &codecs::q4_0.info) return StoredAs::q4_0;
  return storage == &codecs::f16.info ? StoredAs::f16 : StoredAs::f32;
}

float sum_of_weights(const float* partial) {
  float sums[kWeightSums];
  std::copy_n(partial, kWeightSums, sums);
  for (int half = kWeightSums / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) sums[i] += sums[i + half];
  }
  return sums[0];
}

constexpr int64_t kFewTileRows = 48;  // still enough to pay for widening a segment
constexpr int64_t kTilesPerThread = 4;

int64_t tiles_of(const BatchView& batch, int64_t key_heads, int64_t tile_tokens) {
  int64_t tiles = 0;
  for (const SequenceView& sequence : batch.sequences) tiles += (sequence.tokens + tile_tokens - 1) / tile_tokens;
  return tiles * key_heads;
}

const uint8_t* segment_at(const StateView& state, const TileTask& task, int64_t position) {
  const int32_t page = task.sequence.pages[position / state.page_tokens];
  return reinterpret_cast<const uint8_t*>(state.at(page, task.key_head, position % state.page_tokens));
}

}  // namespace

int64_t choose_tile_tokens(const BatchView& batch, const AttentionParameters& parameters, int64_t threads) {
  const int64_t group = parameters.query_heads / parameters.key_heads;
  const auto tokens_of = [&](int64_t rows) { return std::max<int64_t>(1, rows / group); };
  int64_t rows = kMaxTileRows;
  while (threads > 1 && rows / 2 >= kFewTileRows &&
         tiles_of(batch, parameters.key_heads, tokens_of(rows)) < kTilesPerThread * threads) {
    rows /= 2;
  }
  return tokens_of(rows);
}

int padded_head_dim(int64_t head_dim) { return static_cast<int>((head_dim + 15) / 16 * 16); }

RunningRows place_running_rows(ScratchCursor& cursor, int64_t rows, int64_t value_dim) {
  return {cursor.take<float>(rows * padded_head_dim(value_dim)), cursor.take<float>(rows * kWeightSums),
          cursor.take<float>(rows)};
}

WalkScratch place_walk(ScratchCursor& cursor, const AttentionParameters& parameters) {
  const int64_t width = padded_head_dim(parameters.head_dim);
  WalkScratch scratch{};
  scratch.queries = cursor.take<float>(kMaxTileRows * width);
  scratch.tile.queries = scratch.queries;
  scratch.tile.span = place_running_rows(cursor, kMaxTileRows, parameters.value_dim);
  scratch.tile.total = place_running_rows(cursor, kMaxTileRows, parameters.value_dim);
  scratch.tile.begin = cursor.take<int>(kMaxTileRows);
  scratch.tile.end = cursor.take<int>(kMaxTileRows);
  scratch.segment.wide_keys = cursor.take<float>(kSegmentTokens * width);
  scratch.segment.wide_values = cursor.take<float>(kSegmentTokens * padded_head_dim(parameters.value_dim));
  scratch.segment.value_scales = cursor.take<float>(kSegmentTokens * kMaxScales);
  return scratch;
}

AttentionWalk::AttentionWalk(const AttentionKernels& kernels, const KernelCall& call, WalkScratch& scratch)
    : kernels_(kernels),
      parameters_(*static_cast<const AttentionParameters*>(call.parameters)),
      group_(parameters_.query_heads / parameters_.key_heads),
      rules_{static_cast<int>(parameters_.head_dim),
             padded_head_dim(parameters_.head_dim),
             static_cast<int>(call.inputs[1].state->token_bytes),
             static_cast<int>(parameters_.value_dim),
             padded_head_dim(parameters_.value_dim),
             static_cast<int>(call.inputs[2].state->token_bytes),
             stored_as(call.inputs[1].state->storage),
             parameters_.scale,
             parameters_.soft_cap},
      call_(call),
      scratch_(scratch) {}

int64_t AttentionWalk::first_seen(const TileTask& task, int64_t token) const {
  const int64_t position = task.sequence.past + token;
  return parameters_.window > 0 ? std::max<int64_t>(0, position - parameters_.window + 1) : 0;
}

SpanRange AttentionWalk::spans(const TileTask& task) const {
  return {first_seen(task, task.begin) / kSpanTokens, last_seen(task) / kSpanTokens + 1};
}

void AttentionWalk::start(const TileTask& task) {
  scratch_.tile.rows = static_cast<int>(rows(task));
  for (int64_t row = 0; row < scratch_.tile.rows; ++row) {
    const float* query = call_.inputs[0].tensor.floats(batch_row(task, row)) + query_head(task, row) * rules_.head_dim;
    float* to = scratch_.queries + row * rules_.padded_dim;
    std::copy_n(query, rules_.head_dim, to);
    std::fill(to + rules_.head_dim, to + rules_.padded_dim, 0.0f);
  }
}

void AttentionWalk::clear(const TileTask& task, const RunningRows& into) const {
  std::fill_n(into.values, rows(task) * rules_.padded_value_dim, 0.0f);
  std::fill_n(into.weights, rows(task) * kWeightSums, 0.0f);
  std::fill_n(into.maxima, rows(task), -std::numeric_limits<float>::infinity());
}

void AttentionWalk::clear_first(const TileTask& task, const RunningRows& into) const {
  clear(task, into);
  if (!has_sinks(call_)) return;
  for (int64_t row = 0; row < rows(task); ++row) {
    into.maxima[row] = call_.inputs[4].tensor.floats(0)[query_head(task, row)] * std::numbers::log2e_v<float>;
    into.weights[row * kWeightSums] = 1;
  }
}

void AttentionWalk::add_span(const TileTask& task, int64_t span, const RunningRows& into) {
  const int64_t seen = first_seen(task, task.begin) / kSegmentTokens * kSegmentTokens;
  const int64_t first = std::max(seen, span * kSpanTokens);
  const int64_t behind = std::min(last_seen(task) + 1, (span + 1) * kSpanTokens);
  AttentionTile tile = scratch_.tile;
  tile.span = into;
  for (int64_t position = first; position < behind; position += kSegmentTokens) {
    set_segment(task, position);
    set_stretches(task, position, tile);
    kernels_.attend(rules_, tile, scratch_.segment);
  }
}

void AttentionWalk::copy(const TileTask& task, const RunningRows& from, const RunningRows& to) const {
  std::copy_n(from.values, rows(task) * rules_.padded_value_dim, to.values);
  std::copy_n(from.weights, rows(task) * kWeightSums, to.weights);
  std::copy_n(from.maxima, rows(task), to.maxima);
}

void AttentionWalk::merge(const TileTask& task, const RunningRows& span, const RunningRows& total) {
  AttentionTile tile = scratch_.tile;
  tile.rows = static_cast<int>(rows(task));
  tile.span = span;
  tile.total = total;
  kernels_.merge_span(rules_, tile);
}

void AttentionWalk::write(const TileTask& task, const RunningRows& total) const {
  for (int64_t row = 0; row < rows(task); ++row) {
    float* out = call_.outputs[0].tensor.floats(batch_row(task, row)) + query_head(task, row) * rules_.value_dim;
    const float* values = total.values + row * rules_.padded_value_dim;
    const float factor = 1 / sum_of_weights(total.weights + row * kWeightSums);
    for (int i = 0; i < rules_.value_dim; ++i) out[i] = values[i] * factor;
  }
}

void AttentionWalk::run(const TileTask& task) {
  const AttentionTile& tile = scratch_.tile;
  const SpanRange range = spans(task);
  start(task);
  clear_first(task, tile.total);
  add_span(task, range.begin, tile.total);
  if (range.end - range.begin > 1) clear(task, tile.span);
  for (int64_t span = range.begin + 1; span < range.end; ++span) {
    add_span(task, span, tile.span);
    merge(task, tile.span, tile.total);
  }
  write(task, tile.total);
}

void AttentionWalk::set_segment(const TileTask& task, int64_t first) {
  const StateView& keys = *call_.inputs[1].state;
  const StateView& values = *call_.inputs[2].state;
  AttentionSegment& segment = scratch_.segment;
  const int64_t behind = last_seen(task) + 1;
  segment.tokens = static_cast<int>(std::min<int64_t>(kSegmentTokens, behind - first));
  segment.keys = segment_at(keys, task, first);
  segment.values = segment_at(values, task, first);
  const int64_t next = first + kSegmentTokens < behind ? first + kSegmentTokens : first;
  segment.next_keys = segment_at(keys, task, next) - segment.keys;
  segment.next_values = segment_at(values, task, next) - segment.values;
}

void AttentionWalk::set_stretches(const TileTask& task, int64_t first, AttentionTile& tile) const {
  tile.all_seen = first >= first_seen(task, task.end - 1) && first + kSegmentTokens <= last_seen(task, task.begin) + 1;
  if (tile.all_seen) return;
  for (int row = 0; row < tile.rows; ++row) {
    const int64_t token = task.begin + row / group_;
    const auto in_segment = [&](int64_t position) {
      return static_cast<int>(std::clamp<int64_t>(position - first, 0, kSegmentTokens));
    };
    tile.begin[row] = in_segment(first_seen(task, token));
    tile.end[row] = in_segment(last_seen(task, token) + 1);
  }
}

}  // namespace adze::ops
