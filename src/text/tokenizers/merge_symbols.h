// The merge loop that both kinds of BPE share.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// A stretch of a word: [begin, begin + length) bytes, or nothing (length 0) once merged into its left neighbour.
struct Symbol {
  int32_t id = kNoToken;
  int32_t previous = -1;  // indices; -1 at the ends
  int32_t next = -1;
  uint32_t begin = 0;
  uint32_t length = 0;
};

/// A possible merge of two neighbours; the smallest priority goes first, the leftmost of equals.
struct MergeCandidate {
  float priority = 0;
  int32_t merged = kNoToken;  // kNoToken: they do not merge
};

/// A proposed merge in the heap.
struct PendingMerge {
  float priority;
  int32_t left;
  int32_t merged;
  uint32_t bytes;  // of both together; tells stale entries

  bool operator<(const PendingMerge& other) const {  // for a max-heap
    return priority != other.priority ? priority > other.priority : left > other.left;
  }
};

/// Buffers that one encoding keeps from word to word.
struct Scratch {
  std::vector<Symbol> symbols;
  std::vector<PendingMerge> heap;
};

/// Links neighbours in scratch.symbols and merges them until nothing merges, in O(n log n).
/// `find(left, right)` gives the MergeCandidate of two symbols. Merged-away symbols have length 0.
template <typename Find>
void merge_symbols(Scratch& scratch, Find&& find) {
  auto& [symbols, heap] = scratch;
  heap.clear();
  const auto symbol = [&](int32_t index) -> Symbol& { return symbols[static_cast<size_t>(index)]; };
  const auto propose = [&](int32_t left, int32_t right) {
    if (left < 0 || right < 0) return false;
    const MergeCandidate candidate = find(symbol(left), symbol(right));
    if (candidate.merged == kNoToken) return false;
    heap.push_back({candidate.priority, left, candidate.merged, symbol(left).length + symbol(right).length});
    return true;
  };
  const auto count = static_cast<int32_t>(symbols.size());
  for (int32_t i = 0; i < count; ++i) {
    symbol(i).previous = i - 1;
    symbol(i).next = i + 1 < count ? i + 1 : -1;
    propose(i - 1, i);
  }
  std::make_heap(heap.begin(), heap.end());
  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end());
    const PendingMerge top = heap.back();
    heap.pop_back();
    Symbol& left = symbol(top.left);
    if (left.length == 0 || left.next < 0) continue;
    Symbol& right = symbol(left.next);
    if (left.length + right.length != top.bytes) continue;  // one of them has grown since
    if (find(left, right).merged != top.merged) continue;
    left.id = top.merged;
    left.length += right.length;
    left.next = right.next;
    if (right.next >= 0) symbol(right.next).previous = top.left;
    right.length = 0;
    if (propose(left.previous, top.left)) std::push_heap(heap.begin(), heap.end());
    if (propose(top.left, left.next)) std::push_heap(heap.begin(), heap.end());
  }
}

}  // namespace adze::text
