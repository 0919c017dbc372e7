#include "ops/attention/attention_tiled.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "codecs/codec.h"
#include "ops/attention/attention_reference.h"
#include "ops/attention/attention_walk.h"
#include "ops/turned_rows.h"

namespace adze::ops {
namespace {

constexpr int64_t kSplitRows = 16;           // of a task whose spans are shared out
constexpr int64_t kSplitTasksPerThread = 2;  // with fewer tasks than that, threads would wait for each other
constexpr int64_t kSpansPerThread = 4;       // that are held at once

const AttentionParameters& parameters_of(const KernelCall& call) {
  return *static_cast<const AttentionParameters*>(call.parameters);
}

// Calls `visit(task, number)` for every tile of the batch, a sequence's last tile first: it sees the most history.
template <typename Visit>
void for_each_task(const KernelCall& call, int64_t tile_tokens, const Visit& visit) {
  int64_t number = 0;
  for (const SequenceView& sequence : call.inputs[3].batch->sequences) {
    for (int64_t tile = (sequence.tokens + tile_tokens - 1) / tile_tokens - 1; tile >= 0; --tile) {
      const int64_t begin = tile * tile_tokens;
      const int64_t end = std::min(sequence.tokens, begin + tile_tokens);
      for (int64_t key_head = 0; key_head < parameters_of(call).key_heads; ++key_head) {
        visit(TileTask{sequence, key_head, begin, end}, number++);
      }
    }
  }
}

// Tiles of many rows: each thread takes the next one when it is free, as they differ in work and threads in speed.
void claim_tiles(const KernelCall& call, const Team& team, AttentionWalk& walk, int64_t tile_tokens, int64_t* next) {
  std::atomic_ref<int64_t> next_number(*next);
  if (team.thread() == 0) next_number.store(0, std::memory_order_relaxed);
  team.wait();
  int64_t mine = next_number.fetch_add(1, std::memory_order_relaxed);
  for_each_task(call, tile_tokens, [&](const TileTask& task, int64_t number) {
    if (number != mine) return;
    walk.run(task);
    mine = next_number.fetch_add(1, std::memory_order_relaxed);
  });
}

// Few rows with long histories (generation): threads share out the spans of all tasks, a wave at a time, and then
// merge them task by task. Spans are merged in the same order as by one thread: the results are the same bits.
class SplitAttention {
 public:
  SplitAttention(const KernelCall& call, const Team& team, AttentionWalk& walk, int64_t tile_tokens)
      : call_(call), team_(team), walk_(walk), tile_tokens_(tile_tokens) {
    for_each_task(call, tile_tokens, [&](const TileTask& task, int64_t) {
      const SpanRange range = walk.spans(task);
      ++tasks_;
      spans_ += range.end - range.begin;
      most_rows_ = std::max(most_rows_, walk.rows(task));
    });
  }

  /// More work for the threads to share than whole tasks.
  bool pays() const {
    return team_.threads() > 1 && tasks_ < kSplitTasksPerThread * team_.threads() && spans_ > tasks_ &&
           most_rows_ <= kSplitRows;
  }

  void run(ScratchCursor& cursor) {
    const int64_t in_wave = kSpansPerThread * team_.threads();
    for (int64_t first = 0; first < spans_; first += in_wave) {
      ScratchCursor slots = cursor;
      const Wave wave{first, std::min(spans_, first + in_wave), place(slots)};
      const RunningRows totals = place(slots);
      for_each_span([&](const SpanStep& step) { compute(step, wave); });
      team_.wait();
      for_each_span([&](const SpanStep& step) { merge(step, wave, totals); });
      team_.wait();
    }
  }

  bool has_large_tiles() const { return most_rows_ > kSplitRows; }

  static void reserve(ScratchCursor& cursor, unsigned threads, int64_t value_dim) {
    place_running_rows(cursor, kSplitRows * kSpansPerThread * threads, value_dim);
    place_running_rows(cursor, kSplitRows * kSpansPerThread * threads, value_dim);
  }

 private:
  // Spans [begin, end) of all tasks, counted through; span number i of the wave has the i-th kSplitRows rows.
  struct Wave {
    int64_t begin;
    int64_t end;
    RunningRows rows;

    bool has(int64_t number) const { return begin <= number && number < end; }
  };
  struct SpanStep {
    const TileTask& task;
    int64_t task_number;
    int64_t span;
    int64_t number;  // of the span among those of all tasks
    bool first;      // of its task
    bool last;
  };

  RunningRows place(ScratchCursor& cursor) const {
    return place_running_rows(cursor, kSplitRows * kSpansPerThread * team_.threads(), parameters_of(call_).value_dim);
  }
  RunningRows slot(const RunningRows& rows, int64_t index) const {
    const int64_t row = index * kSplitRows;
    return {rows.values + row * padded_head_dim(parameters_of(call_).value_dim), rows.weights + row * kWeightSums,
            rows.maxima + row};
  }
  bool is_mine(int64_t number) const { return number % team_.threads() == team_.thread(); }

  template <typename Visit>
  void for_each_span(const Visit& visit) const {
    int64_t number = 0;
    for_each_task(call_, tile_tokens_, [&](const TileTask& task, int64_t task_number) {
      const SpanRange range = walk_.spans(task);
      for (int64_t span = range.begin; span < range.end; ++span, ++number) {
        visit(SpanStep{task, task_number, span, number, span == range.begin, span + 1 == range.end});
      }
    });
  }

  void compute(const SpanStep& step, const Wave& wave) {
    if (!wave.has(step.number) || !is_mine(step.number)) return;
    const RunningRows rows = slot(wave.rows, step.number - wave.begin);
    walk_.start(step.task);
    step.first ? walk_.clear_first(step.task, rows) : walk_.clear(step.task, rows);
    walk_.add_span(step.task, step.span, rows);
  }

  void merge(const SpanStep& step, const Wave& wave, const RunningRows& totals) {
    if (!wave.has(step.number) || !is_mine(step.task_number)) return;
    const RunningRows total = slot(totals, step.task_number);
    const RunningRows rows = slot(wave.rows, step.number - wave.begin);
    step.first ? walk_.copy(step.task, rows, total) : walk_.merge(step.task, rows, total);
    if (step.last) walk_.write(step.task, total);
  }

  const KernelCall& call_;
  const Team& team_;
  AttentionWalk& walk_;
  const int64_t tile_tokens_;
  int64_t tasks_ = 0;
  int64_t spans_ = 0;
  int64_t most_rows_ = 0;
};

// Whether a segment is one piece of memory, its keys turned.
bool lies_in_segments(const StateView& keys, const StateView& values) {
  static_assert(kTurnedTokens == kSegmentTokens);
  return keys.layout == StateLayout::turned && values.layout == StateLayout::rows &&
         keys.page_tokens % kSegmentTokens == 0 && values.page_tokens % kSegmentTokens == 0;
}

}  // namespace

size_t tiled_attention_scratch_bytes(const KernelRequest& request) {
  const auto& parameters = *static_cast<const AttentionParameters*>(request.parameters);
  ScratchCursor cursor(nullptr);
  cursor.take<int64_t>(1);
  for (unsigned thread = 0; thread < request.threads; ++thread) place_walk(cursor, parameters);
  SplitAttention::reserve(cursor, request.threads, parameters.value_dim);
  return cursor.bytes();
}

void run_tiled_attention(const AttentionKernels& kernels, const KernelCall& call, const Team& team) {
  if (!lies_in_segments(*call.inputs[1].state, *call.inputs[2].state)) return attention_reference(call, team);
  ScratchCursor cursor(call.scratch);
  auto* next_tile = cursor.take<int64_t>(1);
  WalkScratch scratch{};
  for (unsigned thread = 0; thread < team.threads(); ++thread) {
    const WalkScratch placed = place_walk(cursor, parameters_of(call));
    if (thread == team.thread()) scratch = placed;
  }
  AttentionWalk walk(kernels, call, scratch);
  const int64_t tile_tokens = choose_tile_tokens(*call.inputs[3].batch, parameters_of(call), team.threads());
  SplitAttention split(call, team, walk, tile_tokens);
  if (split.pays()) return split.run(cursor);
  if (team.threads() > 1 && split.has_large_tiles()) return claim_tiles(call, team, walk, tile_tokens, next_tile);
  for_each_task(call, tile_tokens, [&](const TileTask& task, int64_t number) {
    if (number % team.threads() == team.thread()) walk.run(task);
  });
}

std::optional<std::string> refuse_tiled_attention(const KernelRequest& request) {
  const auto& parameters = *static_cast<const AttentionParameters*>(request.parameters);
  const StorageType keys = request.input_storages[1];
  const StorageType values = request.input_storages[2];
  if (keys != values) return fmt::format("keys are {}, values {}", keys->name, values->name);
  const StorageType known[] = {&codecs::f32.info, &codecs::f16.info, &codecs::q8_0.info, &codecs::q4_0.info};
  if (std::find(std::begin(known), std::end(known), keys) == std::end(known)) {
    return fmt::format("keys and values are {}, not f32, f16, q8_0 or q4_0", keys->name);
  }
  const StorageType sinks = request.input_storages.size() > 4 ? request.input_storages[4] : nullptr;
  if (sinks && sinks != &codecs::f32.info) return fmt::format("sinks are {}, not f32", sinks->name);
  if (std::max(parameters.head_dim, parameters.value_dim) > kMaxHeadDim)
    return fmt::format("head_dim exceeds {}", kMaxHeadDim);
  if (parameters.query_heads / parameters.key_heads > kMaxTileRows) {
    return fmt::format("more than {} query heads share a key head", kMaxTileRows);
  }
  return std::nullopt;
}

}  // namespace adze::ops
