#include "ops/attention/attention_tiled.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "codecs/codec.h"
#include "ops/attention/attention.h"
#include "ops/scratch_cursor.h"

namespace adze::ops {
namespace {

constexpr int64_t kWantedTileRows = 96;  // enough rows to pay for turning the keys

int padded(int64_t head_dim) { return static_cast<int>((head_dim + 15) / 16 * 16); }

struct ThreadScratch {
  float* queries;
  AttentionTile tile;
  AttentionSegment segment;
};

RunningRows place_rows(ScratchCursor& cursor, int64_t width) {
  return {cursor.take<float>(kMaxTileRows * width), cursor.take<float>(kMaxTileRows), cursor.take<float>(kMaxTileRows)};
}

ThreadScratch place_thread(ScratchCursor& cursor, int64_t head_dim) {
  const int64_t width = padded(head_dim);
  ThreadScratch scratch{};
  scratch.queries = cursor.take<float>(kMaxTileRows * width);
  scratch.tile.queries = scratch.queries;
  scratch.tile.span = place_rows(cursor, width);
  scratch.tile.total = place_rows(cursor, width);
  scratch.tile.begin = cursor.take<int>(kMaxTileRows);
  scratch.tile.end = cursor.take<int>(kMaxTileRows);
  scratch.segment.turned_keys = cursor.take<float>(kSegmentTokens * width);
  scratch.segment.widened_values = cursor.take<float>(kSegmentTokens * width);
  return scratch;
}

// Tokens [begin, end) of one sequence with the query heads of one key head: row = token * group + head in the group.
struct TileTask {
  const SequenceView& sequence;
  int64_t key_head;
  int64_t begin;
  int64_t end;
};

class TiledAttention {
 public:
  TiledAttention(const AttentionKernels& kernels, const KernelCall& call, ThreadScratch& scratch)
      : kernels_(kernels),
        parameters_(*static_cast<const AttentionParameters*>(call.parameters)),
        group_(parameters_.query_heads / parameters_.key_heads),
        rules_{static_cast<int>(parameters_.head_dim), padded(parameters_.head_dim), parameters_.scale,
               parameters_.soft_cap},
        call_(call),
        scratch_(scratch) {}

  int64_t tile_tokens() const { return std::max<int64_t>(1, kWantedTileRows / group_); }

  void run(const TileTask& task) {
    start(task);
    const int64_t first = first_seen(task, task.begin) / kSegmentTokens * kSegmentTokens;
    const int64_t last = task.sequence.past + task.end;  // behind the last position that any row sees
    for (int64_t position = first; position < last; position += kSegmentTokens) {
      load_segment(task, position, std::min<int64_t>(kSegmentTokens, last - position));
      set_stretches(task, position);
      kernels_.attend(rules_, scratch_.tile, scratch_.segment);
      const bool span_ends = (position + kSegmentTokens) % kSpanTokens == 0;
      if (span_ends || position + kSegmentTokens >= last) kernels_.merge_span(rules_, scratch_.tile);
    }
    write(task);
  }

 private:
  int64_t first_seen(const TileTask& task, int64_t token) const {
    const int64_t position = task.sequence.past + token;
    return parameters_.window > 0 ? std::max<int64_t>(0, position - parameters_.window + 1) : 0;
  }
  int64_t query_head(const TileTask& task, int64_t row) const { return task.key_head * group_ + row % group_; }
  int64_t batch_row(const TileTask& task, int64_t row) const {
    return task.sequence.first_row + task.begin + row / group_;
  }

  void start(const TileTask& task) {
    AttentionTile& tile = scratch_.tile;
    tile.rows = static_cast<int>((task.end - task.begin) * group_);
    for (int64_t row = 0; row < tile.rows; ++row) {
      const float* query =
          call_.inputs[0].tensor.floats(batch_row(task, row)) + query_head(task, row) * rules_.head_dim;
      float* to = scratch_.queries + row * rules_.padded_dim;
      std::copy_n(query, rules_.head_dim, to);
      std::fill(to + rules_.head_dim, to + rules_.padded_dim, 0.0f);
    }
    for (const RunningRows* rows : {&tile.span, &tile.total}) {
      std::fill_n(rows->values, tile.rows * rules_.padded_dim, 0.0f);
      std::fill_n(rows->weights, tile.rows, 0.0f);
      std::fill_n(rows->maxima, tile.rows, -std::numeric_limits<float>::infinity());
    }
  }

  void load_segment(const TileTask& task, int64_t first, int64_t tokens) {
    const StateView& keys = *call_.inputs[1].state;
    const StateView& values = *call_.inputs[2].state;
    AttentionSegment& segment = scratch_.segment;
    segment.tokens = static_cast<int>(tokens);
    segment.half = keys.storage == &codecs::f16.info;
    for (int64_t i = 0; i < tokens; ++i) {
      const int64_t position = first + i;
      const auto at = [&](const StateView& state) {
        return reinterpret_cast<const uint8_t*>(
            state.at(task.sequence.pages[position / state.page_tokens], task.key_head, position % state.page_tokens));
      };
      segment.keys[i] = at(keys);
      segment.values[i] = at(values);
    }
    kernels_.load_segment(rules_, segment);
  }

  void set_stretches(const TileTask& task, int64_t first) {
    for (int row = 0; row < scratch_.tile.rows; ++row) {
      const int64_t token = task.begin + row / group_;
      const auto in_segment = [&](int64_t position) {
        return static_cast<int>(std::clamp<int64_t>(position - first, 0, kSegmentTokens));
      };
      scratch_.tile.begin[row] = in_segment(first_seen(task, token));
      scratch_.tile.end[row] = in_segment(task.sequence.past + token + 1);
    }
  }

  void write(const TileTask& task) {
    for (int64_t row = 0; row < scratch_.tile.rows; ++row) {
      float* out = call_.outputs[0].tensor.floats(batch_row(task, row)) + query_head(task, row) * rules_.head_dim;
      const float* values = scratch_.tile.total.values + row * rules_.padded_dim;
      const float weight = scratch_.tile.total.weights[row];
      for (int i = 0; i < rules_.head_dim; ++i) out[i] = values[i] / weight;
    }
  }

  const AttentionKernels& kernels_;
  const AttentionParameters& parameters_;
  const int64_t group_;
  const AttentionRules rules_;
  const KernelCall& call_;
  ThreadScratch& scratch_;
};

}  // namespace

size_t tiled_attention_scratch_bytes(const KernelRequest& request) {
  const auto& parameters = *static_cast<const AttentionParameters*>(request.parameters);
  ScratchCursor cursor(nullptr);
  for (unsigned thread = 0; thread < request.threads; ++thread) place_thread(cursor, parameters.head_dim);
  return cursor.bytes();
}

void run_tiled_attention(const AttentionKernels& kernels, const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const AttentionParameters*>(call.parameters);
  ScratchCursor cursor(call.scratch);
  ThreadScratch scratch{};
  for (unsigned thread = 0; thread <= team.thread(); ++thread) scratch = place_thread(cursor, parameters.head_dim);
  TiledAttention tiled(kernels, call, scratch);
  // Later tiles see more history: threads take turns.
  int64_t turn = 0;
  for (const SequenceView& sequence : call.inputs[3].batch->sequences) {
    for (int64_t begin = 0; begin < sequence.tokens; begin += tiled.tile_tokens()) {
      const int64_t end = std::min(sequence.tokens, begin + tiled.tile_tokens());
      for (int64_t key_head = 0; key_head < parameters.key_heads; ++key_head) {
        if (turn++ % team.threads() == team.thread()) tiled.run({sequence, key_head, begin, end});
      }
    }
  }
}

std::optional<std::string> refuse_tiled_attention(const KernelRequest& request) {
  const auto& parameters = *static_cast<const AttentionParameters*>(request.parameters);
  const StorageType keys = request.input_storages[1];
  const StorageType values = request.input_storages[2];
  if (keys != values) return fmt::format("keys are {}, values {}", keys->name, values->name);
  if (keys != &codecs::f16.info && keys != &codecs::f32.info) {
    return fmt::format("keys and values are {}, not f16 or f32", keys->name);
  }
  if (parameters.head_dim > kMaxHeadDim) return fmt::format("head_dim exceeds {}", kMaxHeadDim);
  if (parameters.query_heads / parameters.key_heads > kMaxTileRows) {
    return fmt::format("more than {} query heads share a key head", kMaxTileRows);
  }
  return std::nullopt;
}

}  // namespace adze::ops
