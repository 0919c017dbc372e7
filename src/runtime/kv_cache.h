// The memory of a graph's states, in pages that sequences share out: rows of every token (keys and values of every
// layer), or what a sequence has come to, where a state says its own storage.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "backends/cpu/host_buffer.h"
#include "graph/graph.h"
#include "ops/op.h"

namespace adze::runtime {

class KvCache {
 public:
  static constexpr int64_t kPageTokens = 64;

  /// Room for `context_tokens` tokens over all sequences, in every state of `graph`. Memory is reserved, and becomes
  /// real when a page is first written.
  KvCache(const graph::Graph& graph, StorageType storage, int64_t context_tokens);

  /// The view of a state value. REQUIRES: `state` is a state of the graph.
  const ops::StateView* view(graph::ValueId state) const;
  StorageType storage() const { return storage_; }

  /// Appends pages to `table` until it covers `tokens` tokens; Error(out_of_memory) when none are left.
  void grow(std::vector<int32_t>& table, int64_t tokens);
  /// Gives back the pages behind the first `tokens` tokens.
  void shrink(std::vector<int32_t>& table, int64_t tokens);

  int64_t capacity_tokens() const { return page_count_ * kPageTokens; }
  /// Bytes that one token takes over all states.
  int64_t token_bytes() const { return token_bytes_; }
  /// Bytes that a sequence takes besides, however long it is.
  int64_t sequence_bytes() const { return sequence_bytes_; }
  /// Of one sequence that fills it.
  int64_t bytes() const { return capacity_tokens() * token_bytes_ + sequence_bytes_; }
  /// Whether a sequence can lose its last tokens; one that has come to something cannot go back.
  bool keeps_tokens_apart() const { return sequence_bytes_ == 0; }

 private:
  struct StateMemory {
    graph::ValueId state;
    backends::HostBuffer buffer;
    ops::StateView view;
  };
  std::vector<StateMemory> states_;
  std::vector<int32_t> free_pages_;  // the next one to hand out is last
  StorageType storage_;
  int64_t page_count_ = 0;
  int64_t token_bytes_ = 0;
  int64_t sequence_bytes_ = 0;
};

}  // namespace adze::runtime
