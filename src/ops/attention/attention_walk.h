// One thread's walk of query tiles through the history.
#pragma once

#include "ops/attention/attention.h"
#include "ops/attention/attention_tile.h"
#include "ops/scratch_cursor.h"

namespace adze::ops {

/// Memory of one thread.
struct WalkScratch {
  float* queries;
  AttentionTile tile;
  AttentionSegment segment;
};

/// Width of a row of queries or sums.
int padded_head_dim(int64_t head_dim);
RunningRows place_running_rows(ScratchCursor& cursor, int64_t rows, int64_t value_dim);
WalkScratch place_walk(ScratchCursor& cursor, const AttentionParameters& parameters);

/// Tokens [begin, end) of one sequence with the query heads of one key head: row = token * group + head in the group.
struct TileTask {
  const SequenceView& sequence;
  int64_t key_head;
  int64_t begin;
  int64_t end;
};

/// Tokens of a tile: large tiles use each segment more often, but every thread should get some.
int64_t choose_tile_tokens(const BatchView& batch, const AttentionParameters& parameters, int64_t threads);

/// Spans [begin, end) of the history, counted from position 0.
struct SpanRange {
  int64_t begin;
  int64_t end;
};

class AttentionWalk {
 public:
  AttentionWalk(const AttentionKernels& kernels, const KernelCall& call, WalkScratch& scratch);

  int64_t rows(const TileTask& task) const { return (task.end - task.begin) * group_; }
  /// What any row of the task sees.
  SpanRange spans(const TileTask& task) const;

  /// Takes over the task's queries, for add_span.
  void start(const TileTask& task);
  /// Makes the task's rows hold nothing yet.
  void clear(const TileTask& task, const RunningRows& into) const;
  /// The same for the first of their spans: they hold the sinks where there are any.
  void clear_first(const TileTask& task, const RunningRows& into) const;
  /// Adds one span of the history to `into`, which was cleared.
  void add_span(const TileTask& task, int64_t span, const RunningRows& into);
  /// The first span is the total so far; the others are merged into it in their order, and are clear then.
  void copy(const TileTask& task, const RunningRows& from, const RunningRows& to) const;
  void merge(const TileTask& task, const RunningRows& span, const RunningRows& total);
  void write(const TileTask& task, const RunningRows& total) const;

  /// All of a task in this thread's own memory.
  void run(const TileTask& task);

 private:
  int64_t first_seen(const TileTask& task, int64_t token) const;
  int64_t last_seen(const TileTask& task, int64_t token) const {
    return task.sequence.past + (parameters_.causal ? token : task.sequence.tokens - 1);
  }
  /// Of any row of the task.
  int64_t last_seen(const TileTask& task) const { return last_seen(task, task.end - 1); }
  int64_t query_head(const TileTask& task, int64_t row) const { return task.key_head * group_ + row % group_; }
  int64_t batch_row(const TileTask& task, int64_t row) const {
    return task.sequence.first_row + task.begin + row / group_;
  }
  void set_segment(const TileTask& task, int64_t first);
  void set_stretches(const TileTask& task, int64_t first, AttentionTile& tile) const;

  const AttentionKernels& kernels_;
  const AttentionParameters& parameters_;
  const int64_t group_;
  const AttentionRules rules_;
  const KernelCall& call_;
  WalkScratch& scratch_;
};

}  // namespace adze::ops
