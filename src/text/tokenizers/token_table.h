// Hash tables for vocabularies: one allocation for all keys, none per token.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/large_pages.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// Token bytes -> id.
class TokenTable {
 public:
  /// `tokens` and `bytes` are what will be added at most, in all.
  TokenTable(size_t tokens, size_t bytes);

  /// Keeps the first id of bytes that are added twice.
  void add(std::string_view bytes, int32_t id);
  bool has_repeats() const { return has_repeats_; }  // whether bytes were added twice
  int32_t find(std::string_view bytes) const;        // kNoToken if absent

  /// As add and find for many: they do not wait for the memory of one before they look at the next.
  void add_all(std::span<const std::string_view> bytes, std::span<const int32_t> ids);
  void find_all(std::span<const std::string_view> bytes, std::span<int32_t> ids) const;

 private:
  struct Slot {
    uint32_t offset = 0;  // in the arena
    uint32_t length = 0;
    uint32_t hash = 0;
    int32_t id = kNoToken;
  };
  size_t slot_of(std::string_view bytes, uint32_t hash) const;
  void add_hashed(std::string_view bytes, uint32_t hash, int32_t id);

  std::string arena_;
  std::vector<Slot, LargePages<Slot>> slots_;  // a power of two; open addressing
  bool has_repeats_ = false;
};

/// A pair of neighbouring tokens -> the rank of their merge and what it makes.
class MergeTable {
 public:
  explicit MergeTable(size_t merges);

  struct Result {
    uint32_t rank = 0;
    int32_t merged = kNoToken;
  };
  void add(int32_t left, int32_t right, Result result);  // keeps the first of a pair added twice
  Result find(int32_t left, int32_t right) const;        // merged == kNoToken if absent
  void prefetch(int32_t left, int32_t right) const;      // what add or find will look at

 private:
  struct Slot {
    uint64_t pair = 0;
    Result result;
  };
  size_t first_slot_of(uint64_t pair) const;
  size_t slot_of(uint64_t pair) const;

  std::vector<Slot, LargePages<Slot>> slots_;
};

}  // namespace adze::text
