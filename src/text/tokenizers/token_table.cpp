#include "text/tokenizers/token_table.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/error.h"

namespace adze::text {
namespace {

constexpr uint64_t kMultiplier = 0x9E3779B97F4A7C15;  // 2^64 / golden ratio

uint64_t mix(uint64_t value) {
  value *= kMultiplier;
  return value ^ value >> 29;
}

template <typename Word>
Word load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// All of `bytes`, at most 8 of them, in a number; together with their count it says what they are. Reads that overlap
// take the place of a copy of unknown length, which would be a call.
uint64_t short_word(std::string_view bytes) {
  const size_t count = bytes.size();
  const char* at = bytes.data();
  if (count >= 4) return static_cast<uint64_t>(load<uint32_t>(at + count - 4)) << 32 | load<uint32_t>(at);
  if (count == 0) return 0;
  const auto byte = [&](size_t i) { return static_cast<uint64_t>(static_cast<unsigned char>(at[i])); };
  return byte(count - 1) << 16 | byte(count / 2) << 8 | byte(0);
}

bool same_bytes(const char* a, const char* b, size_t count) {
  if (count <= 8) return short_word({a, count}) == short_word({b, count});
  for (size_t i = 0; i + 8 < count; i += 8) {
    if (load<uint64_t>(a + i) != load<uint64_t>(b + i)) return false;
  }
  return load<uint64_t>(a + count - 8) == load<uint64_t>(b + count - 8);
}

uint32_t hash_bytes(std::string_view bytes) {
  uint64_t hash = bytes.size() * kMultiplier;
  while (bytes.size() >= 8) {
    hash = mix(hash ^ load<uint64_t>(bytes.data()));
    bytes.remove_prefix(8);
  }
  return static_cast<uint32_t>(mix(hash ^ short_word(bytes)) >> 16);
}

// At most half full, so that probing stays short.
size_t slots_for(size_t entries) { return std::bit_ceil(entries * 2 + 2); }

uint64_t pair_key(int32_t left, int32_t right) {
  return static_cast<uint64_t>(static_cast<uint32_t>(left)) << 32 | static_cast<uint32_t>(right);
}

}  // namespace

TokenTable::TokenTable(size_t tokens, size_t bytes) : slots_(slots_for(tokens)) { arena_.reserve(bytes); }

size_t TokenTable::slot_of(std::string_view bytes, uint32_t hash) const {
  size_t index = hash & (slots_.size() - 1);
  for (;;) {
    const Slot& slot = slots_[index];
    if (slot.id == kNoToken) return index;
    if (slot.hash == hash && slot.length == bytes.size() &&
        same_bytes(arena_.data() + slot.offset, bytes.data(), bytes.size())) {
      return index;
    }
    index = (index + 1) & (slots_.size() - 1);
  }
}

void TokenTable::add(std::string_view bytes, int32_t id) {
  if (!bytes.empty()) add_hashed(bytes, hash_bytes(bytes), id);
}

void TokenTable::add_hashed(std::string_view bytes, uint32_t hash, int32_t id) {
  Slot& slot = slots_[slot_of(bytes, hash)];
  if (slot.id != kNoToken) {
    has_repeats_ = true;
    return;
  }
  if (bytes.size() > UINT32_MAX - arena_.size())
    fail(ErrorCode::unsupported, "a vocabulary has more than 4 GiB of text");
  slot = {static_cast<uint32_t>(arena_.size()), static_cast<uint32_t>(bytes.size()), hash, id};
  arena_.append(bytes);
}

int32_t TokenTable::find(std::string_view bytes) const {
  return bytes.empty() ? kNoToken : slots_[slot_of(bytes, hash_bytes(bytes))].id;
}

namespace {

constexpr size_t kBatch = 32;  // lookups under way at once

// Calls `batch(first, hashes)` for the entries [first, first + hashes.size()).
template <typename Batch>
void in_hashed_batches(std::span<const std::string_view> bytes, const Batch& batch) {
  std::array<uint32_t, kBatch> hashes;
  for (size_t first = 0; first < bytes.size(); first += kBatch) {
    const size_t count = std::min(kBatch, bytes.size() - first);
    for (size_t i = 0; i < count; ++i) hashes[i] = hash_bytes(bytes[first + i]);
    batch(first, std::span<const uint32_t>(hashes).first(count));
  }
}

}  // namespace

void TokenTable::add_all(std::span<const std::string_view> bytes, std::span<const int32_t> ids) {
  in_hashed_batches(bytes, [&](size_t first, std::span<const uint32_t> hashes) {
    for (const uint32_t hash : hashes) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)], 1);
    for (size_t i = 0; i < hashes.size(); ++i) {
      if (!bytes[first + i].empty()) add_hashed(bytes[first + i], hashes[i], ids[first + i]);
    }
  });
}

void TokenTable::find_all(std::span<const std::string_view> bytes, std::span<int32_t> ids) const {
  in_hashed_batches(bytes, [&](size_t first, std::span<const uint32_t> hashes) {
    for (const uint32_t hash : hashes) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
    for (const uint32_t hash : hashes) __builtin_prefetch(arena_.data() + slots_[hash & (slots_.size() - 1)].offset);
    for (size_t i = 0; i < hashes.size(); ++i) {
      const std::string_view text = bytes[first + i];
      ids[first + i] = text.empty() ? kNoToken : slots_[slot_of(text, hashes[i])].id;
    }
  });
}

MergeTable::MergeTable(size_t merges) : slots_(slots_for(merges)) {}

size_t MergeTable::first_slot_of(uint64_t pair) const {
  return static_cast<size_t>(mix(pair) >> 24) & (slots_.size() - 1);
}

void MergeTable::prefetch(int32_t left, int32_t right) const {
  __builtin_prefetch(&slots_[first_slot_of(pair_key(left, right))], 1);
}

size_t MergeTable::slot_of(uint64_t pair) const {
  size_t index = first_slot_of(pair);
  while (slots_[index].result.merged != kNoToken && slots_[index].pair != pair) {
    index = (index + 1) & (slots_.size() - 1);
  }
  return index;
}

void MergeTable::add(int32_t left, int32_t right, Result result) {
  const uint64_t pair = pair_key(left, right);
  Slot& slot = slots_[slot_of(pair)];
  if (slot.result.merged == kNoToken) slot = {pair, result};
}

MergeTable::Result MergeTable::find(int32_t left, int32_t right) const {
  return slots_[slot_of(pair_key(left, right))].result;
}

}  // namespace adze::text
