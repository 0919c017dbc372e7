// The memory of a graph's states, in pages that sequences share out: rows of every token (keys and values of every
// layer), or what a sequence has come to, where a state says its own storage. A row depends on the tokens up to its own
// alone, so sequences that begin alike may have full pages of rows in common.
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

  static int64_t pages_for(int64_t tokens) { return (tokens + kPageTokens - 1) / kPageTokens; }

  /// Appends pages to `table` until it covers `tokens` tokens; Error(out_of_memory) when none are left.
  void grow(std::vector<int32_t>& table, int64_t tokens);
  /// Lets go of the pages behind the first `tokens` tokens.
  void shrink(std::vector<int32_t>& table, int64_t tokens);

  /// One holder more of a page that has some.
  void hold(int32_t page) { ++holders_[static_cast<size_t>(page)]; }
  /// One holder less; without any the page is free.
  void let_go(int32_t page);
  int32_t holders(int32_t page) const { return holders_[static_cast<size_t>(page)]; }

  int64_t pages() const { return page_count_; }
  int64_t free_pages() const { return static_cast<int64_t>(free_pages_.size()); }
  int64_t capacity_tokens() const { return page_count_ * kPageTokens; }
  /// Bytes that one token takes over all states.
  int64_t token_bytes() const { return token_bytes_; }
  /// Bytes that a sequence takes besides, however long it is.
  int64_t sequence_bytes() const { return sequence_bytes_; }
  /// Of one sequence that fills it.
  int64_t bytes() const { return capacity_tokens() * token_bytes_ + sequence_bytes_; }
  /// Whether a sequence can lose its last tokens, or begin on pages of others; one that has come to something cannot.
  bool keeps_tokens_apart() const { return sequence_bytes_ == 0; }

 private:
  struct StateMemory {
    graph::ValueId state;
    backends::HostBuffer buffer;
    ops::StateView view;
  };
  std::vector<StateMemory> states_;
  std::vector<int32_t> free_pages_;  // the next one to hand out is last
  std::vector<int32_t> holders_;     // by page
  StorageType storage_;
  int64_t page_count_ = 0;
  int64_t token_bytes_ = 0;
  int64_t sequence_bytes_ = 0;
};

}  // namespace adze::runtime
