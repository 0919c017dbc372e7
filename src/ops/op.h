// An op: its schema, and its kernels in order of preference. One folder per op; all_ops.cpp is the table.
//
// A kernel is a plain function over resolved arguments that every thread of a team calls; it splits the rows of its
// output among them. The reference kernel is last in each list and accepts everything its schema accepts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/cpu_features.h"
#include "base/team.h"
#include "graph/graph.h"
#include "tensor/codec_info.h"

namespace adze::ops {

inline constexpr size_t kMaxRank = 4;

/// Row-major numbers in memory. Rows are packed as `storage` says and lie `row_bytes` apart.
struct TensorView {
  std::byte* data = nullptr;
  StorageType storage = nullptr;
  int64_t rows = 0;        // product of all dimensions but the innermost
  int64_t row_length = 0;  // the innermost dimension
  int64_t row_bytes = 0;

  /// Plain float and int32 rows. REQUIRES: that storage.
  float* floats(int64_t row) const { return reinterpret_cast<float*>(data + row * row_bytes); }
  int32_t* ints(int64_t row) const { return reinterpret_cast<int32_t*>(data + row * row_bytes); }
};

/// How the rows of a state lie within [heads][page_tokens]: one behind the other, or turned, 64 tokens together
/// (turned_rows.h); or `running`: no rows of tokens, but what a sequence has come to, [heads][head_dim].
enum class StateLayout : uint8_t { rows, turned, running };

struct SequenceView;

/// The memory of one state (the keys or the values of one layer), in pages that sequences share out among themselves.
/// Within a page: [heads][page_tokens][head_dim], packed as `storage` says. A running state has a place for each page;
/// that of a sequence's first page is in use.
struct StateView {
  std::byte* pages = nullptr;
  StorageType storage = nullptr;
  int64_t page_tokens = 0;
  int64_t heads = 0;
  int64_t head_dim = 0;
  int64_t token_bytes = 0;  // one head of one token
  int64_t page_bytes = 0;
  StateLayout layout = StateLayout::rows;

  /// The row of a token. Of turned rows: REQUIRES: `slot` is the first of 64, whose rows start there.
  std::byte* at(int32_t page, int64_t head, int64_t slot) const {
    return pages + page * page_bytes + (head * page_tokens + slot) * token_bytes;
  }
  /// What the sequence has come to. Before its first token it says nothing. REQUIRES: layout running, of floats.
  inline float* of(const SequenceView& sequence) const;
};

/// An adapter that a sequence chose, and how strongly it is applied.
struct AdapterUse {
  int64_t adapter = 0;
  float strength = 1;
  bool operator==(const AdapterUse&) const = default;
};

/// One sequence's part of a packed batch: rows [first_row, first_row + tokens) continue a history of `past` tokens.
/// Token number n of the sequence (history included) lives in pages[n / page_tokens].
struct SequenceView {
  int64_t first_row = 0;
  int64_t tokens = 0;
  int64_t past = 0;
  const int32_t* pages = nullptr;
  std::span<const AdapterUse> adapters = {};  // each at most once
};

float* StateView::of(const SequenceView& sequence) const {
  return reinterpret_cast<float*>(pages + sequence.pages[0] * page_bytes);
}

struct BatchView {
  std::span<const SequenceView> sequences;
  std::span<const int32_t> positions;         // of every row
  std::span<const int32_t> logit_rows;        // rows whose logits are wanted, ascending
  int64_t context = 0;                        // positions that the sequences may reach
  std::span<const int32_t> token_types = {};  // of every row: which of several texts it is of; empty: the first
};

struct Argument {
  TensorView tensor;                  // kinds tensor and history
  const std::byte* packed = nullptr;  // a weight in the kernel's own packing; tensor.data is then null
  const StateView* state = nullptr;
  const BatchView* batch = nullptr;
  bool given = false;  // false: an omitted optional input
};

/// A node bound to memory. `parameters` is what the op's resolve() made of the attributes.
struct KernelCall {
  std::span<const Argument> inputs;
  std::span<const Argument> outputs;
  const void* parameters = nullptr;
  std::byte* scratch = nullptr;  // shared by the team; at least the kernel's scratch_bytes
};

/// What a kernel is asked to accept: the node, the types of its inputs with weights bound, and the machine.
struct KernelRequest {
  const graph::Node& node;
  const void* parameters;
  std::vector<StorageType> input_storages;       // null for what has none (batch, effect) and omitted inputs
  std::vector<std::vector<int64_t>> input_dims;  // symbols at their maximum
  Isa isa;
  unsigned threads;
  /// Weights that a kernel wants packed may come as they are stored (Argument::tensor with data, no packed): it packs
  /// what it is about to multiply into its scratch.
  bool packs_on_the_way = false;
};

/// A layout of weight rows made once at load. Rows are packed in groups of `group_rows`; the last group may be short
/// and is filled up with zero rows.
struct WeightPacking {
  std::string_view name;  // "rows16"
  int64_t version;        // of the bytes it makes, for files that keep them
  int64_t group_rows;
  int64_t (*group_bytes)(StorageType storage, int64_t row_length);
  /// Packs `rows` (<= group_rows) rows of `row_length` numbers into one group.
  void (*pack_group)(StorageType storage, const std::byte* source, int64_t rows, int64_t row_length, std::byte* group);
};

struct Kernel {
  std::string_view name;  // "avx512_q8_32"
  Isa isa;                // offered only where active_isa() includes it
  /// Why not, or nothing when it accepts.
  std::optional<std::string> (*refuse)(const KernelRequest& request);
  /// The packing of input number `packed_input`, or null for plain rows.
  const WeightPacking* (*packing)(const KernelRequest& request);
  /// Scratch for the whole team at the largest sizes; null: none.
  size_t (*scratch_bytes)(const KernelRequest& request);
  /// Called by every thread of the team. Must not throw.
  void (*run)(const KernelCall& call, const Team& team);
  /// The same for up to kMaxSiblings calls with the same first input at once, in the sum of their scratch. Null: none.
  void (*run_siblings)(std::span<const KernelCall> calls, const Team& team) = nullptr;
};

inline constexpr size_t kMaxSiblings = 4;

/// Operations and bytes of one call at given sizes, for `bench`, `explain` and placement.
struct Cost {
  double multiply_adds = 0;
  double bytes = 0;
};

struct Op : graph::OpSchema {
  /// Turns attributes into the struct that kernels read. Null: no parameters.
  std::shared_ptr<const void> (*resolve)(const graph::Node& node) = nullptr;
  /// Best first, reference last.
  std::span<const Kernel> kernels;
  /// Index of the weight input that kernels may want packed; -1: none.
  int packed_input = -1;
  /// Of an op with a few operations for each number, what a number costs, in additions; 0: no such op. With few rows,
  /// one thread is done before others could join.
  int light = 0;
  /// Number i of the output follows from number i of each input alone, so it may be written over one of them.
  bool in_place = false;
  /// The output may be written over the first input, and over no other one.
  bool in_place_of_first = false;
};

std::span<const Op* const> all_ops();
/// The same table as schemas, for graph::from_text.
std::span<const graph::OpSchema* const> all_schemas();

/// REQUIRES: node.op comes from the table.
inline const Op& op_of(const graph::Node& node) { return static_cast<const Op&>(*node.op); }

/// One candidate of a node and why it was passed over (empty: chosen, or never asked because a better one was).
struct KernelChoice {
  const Kernel* kernel = nullptr;
  std::vector<std::pair<std::string_view, std::string>> refusals;  // (kernel, reason), best first
};

/// The first kernel that accepts. `ADZE_FORCE=<op>=<kernel or ref>[,…]` pins one, or several of an
/// op; an unknown name is Error(bad_input).
KernelChoice choose_kernel(const KernelRequest& request);

}  // namespace adze::ops
