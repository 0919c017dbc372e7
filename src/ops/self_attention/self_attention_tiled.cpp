#include "ops/self_attention/self_attention_tiled.h"

#include <fmt/format.h>

#include <algorithm>

#include "codecs/codec.h"
#include "ops/attention/attention_walk.h"
#include "ops/self_attention/self_attention.h"
#include "ops/turned_rows.h"

namespace adze::ops {
namespace {

const AttentionParameters& parameters_of(const KernelCall& call) {
  return static_cast<const SelfAttentionParameters*>(call.parameters)->attention;
}

int64_t group_of(const AttentionParameters& p) { return p.query_heads / p.key_heads; }

int64_t segments_for(int64_t tokens) { return (tokens + kSegmentTokens - 1) / kSegmentTokens; }

/// Memory of one thread: keys [segment][head_dim][64], values [token][head_dim], and the numbers of the segments.
struct ThreadScratch {
  WalkScratch walk;
  float* keys;
  float* values;
  int32_t* pages;
};

ThreadScratch place_thread(ScratchCursor& cursor, const AttentionParameters& parameters, int64_t tokens) {
  const int64_t numbers = segments_for(tokens) * kSegmentTokens * parameters.head_dim;
  return {place_walk(cursor, parameters), cursor.take<float>(numbers), cursor.take<float>(numbers),
          cursor.take<int32_t>(segments_for(tokens))};
}

/// Tokens [begin, end) of one sequence and the query heads of one key head.
struct HeadTile {
  const SequenceView& sequence;
  int64_t key_head;
  int64_t begin;
  int64_t end;

  int64_t cost() const { return (end - begin) * sequence.tokens; }
};

// The tiles of a head follow each other, so that a thread seldom changes to another one.
template <typename Visit>
void for_each_tile(const KernelCall& call, int64_t tile_tokens, const Visit& visit) {
  for (const SequenceView& sequence : call.inputs[3].batch->sequences) {
    for (int64_t key_head = 0; key_head < parameters_of(call).key_heads; ++key_head) {
      for (int64_t begin = 0; begin < sequence.tokens; begin += tile_tokens) {
        visit(HeadTile{sequence, key_head, begin, std::min(sequence.tokens, begin + tile_tokens)});
      }
    }
  }
}

/// One key head of one sequence, as the walk through histories wants it.
class HeadAttention {
 public:
  HeadAttention(const AttentionKernels& kernels, const KernelCall& call, const ThreadScratch& scratch)
      : kernels_(kernels), call_(call), parameters_(parameters_of(call)), scratch_(scratch) {
    keys_ = view_of(scratch.keys, StateLayout::turned);
    values_ = view_of(scratch.values, StateLayout::rows);
  }

  void run(const HeadTile& tile) {
    if (&tile.sequence != sequence_ || tile.key_head != key_head_) take_over(tile);
    const Argument inputs[] = {part_of(call_.inputs[0], tile), of_state(keys_), of_state(values_), call_.inputs[3]};
    const Argument output = part_of(call_.outputs[0], tile);
    const KernelCall own{inputs, {&output, 1}, &parameters_, nullptr};
    AttentionWalk walk(kernels_, own, scratch_.walk);
    const SequenceView sequence{tile.sequence.first_row, tile.sequence.tokens, 0, scratch_.pages};
    walk.run({sequence, 0, tile.begin, tile.end});
  }

 private:
  StateView view_of(float* data, StateLayout layout) const {
    const int64_t token_bytes = parameters_.head_dim * static_cast<int64_t>(sizeof(float));
    return {reinterpret_cast<std::byte*>(data),
            &codecs::f32.info,
            kSegmentTokens,
            1,
            parameters_.head_dim,
            token_bytes,
            token_bytes * kSegmentTokens,
            layout};
  }
  static Argument of_state(const StateView& state) {
    Argument argument;
    argument.state = &state;
    return argument;
  }
  // The same rows, starting at the first query head of the tile.
  Argument part_of(Argument argument, const HeadTile& tile) const {
    argument.tensor.data += tile.key_head * group_of(parameters_) * parameters_.head_dim * sizeof(float);
    return argument;
  }

  void take_over(const HeadTile& tile) {
    sequence_ = &tile.sequence;
    key_head_ = tile.key_head;
    const int64_t width = parameters_.head_dim;
    for (int64_t token = 0; token < tile.sequence.tokens; ++token) {
      const int64_t row = tile.sequence.first_row + token;
      const float* key = call_.inputs[1].tensor.floats(row) + key_head_ * width;
      float* turned = scratch_.keys + token / kTurnedTokens * kTurnedTokens * width + token % kTurnedTokens;
      for (int64_t i = 0; i < width; ++i) turned[i * kTurnedTokens] = key[i];
      std::copy_n(call_.inputs[2].tensor.floats(row) + key_head_ * width, width, scratch_.values + token * width);
    }
    for (int64_t page = 0; page < segments_for(tile.sequence.tokens); ++page) {
      scratch_.pages[page] = static_cast<int32_t>(page);
    }
  }

  const AttentionKernels& kernels_;
  const KernelCall& call_;
  const AttentionParameters& parameters_;
  ThreadScratch scratch_;
  StateView keys_;
  StateView values_;
  const SequenceView* sequence_ = nullptr;
  int64_t key_head_ = 0;
};

}  // namespace

size_t tiled_self_attention_scratch_bytes(const KernelRequest& request) {
  const auto& parameters = static_cast<const SelfAttentionParameters*>(request.parameters)->attention;
  ScratchCursor cursor(nullptr);
  for (unsigned thread = 0; thread < request.threads; ++thread) {
    place_thread(cursor, parameters, request.input_dims[0][0]);
  }
  return cursor.bytes();
}

void run_tiled_self_attention(const AttentionKernels& kernels, const KernelCall& call, const Team& team) {
  static_assert(kTurnedTokens == kSegmentTokens);
  ScratchCursor cursor(call.scratch);
  ThreadScratch scratch{};
  for (unsigned thread = 0; thread <= team.thread(); ++thread) {
    scratch = place_thread(cursor, parameters_of(call), call.inputs[0].tensor.rows);
  }
  HeadAttention heads(kernels, call, scratch);
  const int64_t tile_tokens = choose_tile_tokens(*call.inputs[3].batch, parameters_of(call), team.threads());
  int64_t total = 0;
  for_each_tile(call, tile_tokens, [&](const HeadTile& tile) { total += tile.cost(); });
  int64_t before = 0;
  for_each_tile(call, tile_tokens, [&](const HeadTile& tile) {
    const int64_t owner = before * team.threads() / total;
    before += tile.cost();
    if (owner == team.thread()) heads.run(tile);
  });
}

std::optional<std::string> refuse_tiled_self_attention(const KernelRequest& request) {
  const auto& parameters = static_cast<const SelfAttentionParameters*>(request.parameters)->attention;
  if (request.input_storages.size() > 4 && request.input_storages[4]) return "distances add to scores";
  if (parameters.head_dim > kMaxHeadDim) return fmt::format("head_dim exceeds {}", kMaxHeadDim);
  if (group_of(parameters) > kMaxTileRows) {
    return fmt::format("more than {} query heads share a key head", kMaxTileRows);
  }
  return std::nullopt;
}

}  // namespace adze::ops
