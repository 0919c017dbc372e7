#include "ops/append_state/append_state.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"
#include "ops/turned_rows.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 4, 4);
  const auto& state = require_input(node, 0, graph::ValueKind::state, "state");
  const auto& rows = require_f32(node, 1, 2, "rows");
  require_input(node, 2, graph::ValueKind::batch, "batch");
  require_input(node, 3, graph::ValueKind::effect, "effect");
  if (state.dims.size() != 2) fail(ErrorCode::bad_input, "state must be [heads, head_dim]");
  if (state.dims[0].is_constant()) {
    require_equal_dims(state.dims[1] * state.dims[0].constant(), rows.dims[1], "features of state and rows");
  }
  return {graph::ValueType::of_kind(graph::ValueKind::effect)};
}

StatePlace place_of(const StateView& state, const SequenceView& sequence, int64_t token, int64_t head) {
  const int64_t number = sequence.past + token;
  return {sequence.pages[number / state.page_tokens], head, number % state.page_tokens};
}

void append_state_reference(const KernelCall& call, const Team& team) {
  const StateView& state = *call.inputs[0].state;
  const auto& codec = codecs::codec_of(state.storage);
  std::vector<std::byte> packed(static_cast<size_t>(state.token_bytes));
  for (const SequenceView& sequence : call.inputs[2].batch->sequences) {
    const auto [begin, end] = team.share(static_cast<size_t>(sequence.tokens));
    for (auto token = static_cast<int64_t>(begin); token < static_cast<int64_t>(end); ++token) {
      const float* row = call.inputs[1].tensor.floats(sequence.first_row + token);
      for (int64_t head = 0; head < state.heads; ++head) {
        codec.encode(row + head * state.head_dim, nullptr, packed.data(), state.head_dim);
        store_state_row(state, place_of(state, sequence, token, head), packed.data());
      }
    }
  }
}

// ---- f16

constexpr int64_t kMaxHeadDim = 1024;

template <const RowKernels& kRows>
void append_f16(const KernelCall& call, const Team& team) {
  const StateView& state = *call.inputs[0].state;
  for (const SequenceView& sequence : call.inputs[2].batch->sequences) {
    const auto [begin, end] = team.share(static_cast<size_t>(sequence.tokens * state.heads));
    for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
      const int64_t token = item / state.heads;
      const int64_t head = item % state.heads;
      const float* row = call.inputs[1].tensor.floats(sequence.first_row + token);
      std::byte packed[2 * kMaxHeadDim];
      kRows.narrow_to_f16(row + head * state.head_dim, state.head_dim, reinterpret_cast<uint8_t*>(packed));
      store_state_row(state, place_of(state, sequence, token, head), packed);
    }
  }
}

std::optional<std::string> refuse_other_than_f16(const KernelRequest& request) {
  const StorageType storage = request.input_storages[0];
  if (storage != &codecs::f16.info) return fmt::format("the state is {}, not f16", storage->name);
  if (request.input_dims[0][1] > kMaxHeadDim) return fmt::format("head_dim exceeds {}", kMaxHeadDim);
  return std::nullopt;
}

// ---- block types: encoders work on sixteen blocks at a time, whichever heads and tokens they belong to

constexpr int64_t kBlocksTogether = 16;
constexpr int64_t kMaxBlockBytes = 34;

// Blocks [begin, end) of a sequence's rows, counted over tokens and heads.
struct BlockRange {
  int64_t begin;
  int64_t end;
};

void append_block_range(const StateView& state, const SequenceView& sequence, const BlockRange& blocks,
                        const float* first_row) {
  const CodecInfo& storage = *state.storage;
  const int64_t head_blocks = state.head_dim / storage.block_elements;
  const int64_t row_blocks = state.heads * head_blocks;
  std::byte packed[kBlocksTogether * kMaxBlockBytes];
  codecs::codec_of(state.storage)
      .encode(first_row + blocks.begin * storage.block_elements, nullptr, packed,
              (blocks.end - blocks.begin) * storage.block_elements);
  for (int64_t block = blocks.begin; block < blocks.end; ++block) {
    const StatePlace place = place_of(state, sequence, block / row_blocks, block % row_blocks / head_blocks);
    store_state_block(state, place, block % head_blocks, packed + (block - blocks.begin) * storage.block_bytes);
  }
}

// REQUIRES: the sequence's rows lie one behind the other.
void append_sequence(const StateView& state, const SequenceView& sequence, const float* first_row, const Team& team) {
  const int64_t row_blocks = state.heads * state.head_dim / state.storage->block_elements;
  const auto [begin, end] = team.share(static_cast<size_t>(sequence.tokens * row_blocks), kBlocksTogether);
  for (auto block = static_cast<int64_t>(begin); block < static_cast<int64_t>(end); block += kBlocksTogether) {
    const BlockRange range{block, std::min(block + kBlocksTogether, static_cast<int64_t>(end))};
    append_block_range(state, sequence, range, first_row);
  }
}

void append_blocks(const KernelCall& call, const Team& team) {
  const StateView& state = *call.inputs[0].state;
  const TensorView& rows = call.inputs[1].tensor;
  const bool dense = rows.row_bytes == rows.row_length * static_cast<int64_t>(sizeof(float));
  for (const SequenceView& sequence : call.inputs[2].batch->sequences) {
    const int64_t together = dense ? sequence.tokens : 1;
    for (int64_t token = 0; token < sequence.tokens; token += together) {
      const SequenceView part{sequence.first_row + token, together, sequence.past + token, sequence.pages};
      append_sequence(state, part, rows.floats(part.first_row), team);
    }
  }
}

std::optional<std::string> refuse_other_than_blocks(const KernelRequest& request) {
  const StorageType storage = request.input_storages[0];
  if (storage == &codecs::q8_0.info || storage == &codecs::q4_0.info) return std::nullopt;
  return fmt::format("the state is {}, not q8_0 or q4_0", storage->name);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return append_f16<kRows>; }, refuse_other_than_f16);
  kernels.push_back({"blocks", Isa::scalar, refuse_other_than_blocks, nullptr, nullptr, append_blocks});
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, append_state_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op append_state{{"append_state", "store rows behind each sequence's history", infer}, nullptr, kKernels, -1, 4};

}  // namespace adze::ops
