// Sets of stacks of instructions, each stored once: what an automaton with a stack can be in the middle of.
//
// A set holds, for each instruction on top of one of its stacks, the set of what lies below. Sets that hold the same
// stacks have the same number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace adze::text {

using StackSetId = uint32_t;

class StackSets {
 public:
  static constexpr StackSetId kNone = 0;        // no stack
  static constexpr StackSetId kEmptyStack = 1;  // the stack of nothing, alone

  struct Entry {
    uint32_t top = 0;
    StackSetId below = kNone;
    bool operator==(const Entry&) const = default;
  };

  StackSets();

  /// REQUIRES: sorted by `top`, which no two share, and no `below` is kNone. Throws Error(unsupported) when the stacks
  /// are too high, Error(out_of_memory) when there are too many sets.
  StackSetId add(const std::vector<Entry>& entries, bool has_empty);
  StackSetId unite(StackSetId a, StackSetId b);

  size_t entries(StackSetId id) const { return sets_[id].count; }
  Entry entry(StackSetId id, size_t index) const { return pool_[sets_[id].begin + index]; }
  bool has_empty(StackSetId id) const { return sets_[id].has_empty; }
  size_t size() const { return sets_.size(); }

 private:
  struct Set {
    size_t begin = 0;  // in the pool
    uint32_t count = 0;
    uint32_t height = 0;
    bool has_empty = false;
  };
  bool is_same(StackSetId id, const std::vector<Entry>& entries, bool has_empty) const;

  std::vector<Entry> pool_;
  std::vector<Set> sets_;
  std::unordered_multimap<uint64_t, StackSetId> by_hash_;
  std::unordered_map<uint64_t, StackSetId> united_;  // by pair
};

}  // namespace adze::text
