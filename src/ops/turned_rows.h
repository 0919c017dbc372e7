// Turned rows: 64 tokens together, so that one number of all of them lies side by side and is used by a vector unit as
// it is stored.
//
// A row consists of fields: of a plain type the numbers; of a block type, block by block, the f16 scale and then single
// bytes. A run of 64 rows starts with the first field of all 64 tokens, then comes the second one of all, and so on. It
// takes as many bytes as 64 rows do.
#pragma once

#include <cstring>

#include "ops/op.h"

namespace adze::ops {

inline constexpr int64_t kTurnedTokens = 64;

/// Calls `visit(offset, bytes)` for each field of a block.
template <typename Visit>
void for_each_field(const CodecInfo& storage, const Visit& visit) {
  constexpr int64_t kScaleBytes = 2;
  if (storage.is_plain()) return visit(int64_t{0}, int64_t{storage.block_bytes});
  visit(int64_t{0}, kScaleBytes);
  for (int64_t at = kScaleBytes; at < storage.block_bytes; ++at) visit(at, int64_t{1});
}

/// One head of one token.
struct StatePlace {
  int32_t page;
  int64_t head;
  int64_t slot;

  /// Of the run of turned rows that it lies in.
  int64_t first_slot() const { return slot / kTurnedTokens * kTurnedTokens; }
  int64_t slot_in_run() const { return slot % kTurnedTokens; }
};

/// Stores block number `block` of the row at `place`.
inline void store_state_block(const StateView& state, const StatePlace& place, int64_t block, const std::byte* packed) {
  const CodecInfo& storage = *state.storage;
  const int64_t offset = block * storage.block_bytes;
  if (state.layout == StateLayout::rows) {
    std::memcpy(state.at(place.page, place.head, place.slot) + offset, packed, storage.block_bytes);
    return;
  }
  std::byte* run = state.at(place.page, place.head, place.first_slot()) + offset * kTurnedTokens;
  for_each_field(storage, [&](int64_t at, int64_t bytes) {
    std::memcpy(run + at * kTurnedTokens + place.slot_in_run() * bytes, packed + at, static_cast<size_t>(bytes));
  });
}

inline void load_state_block(const StateView& state, const StatePlace& place, int64_t block, std::byte* packed) {
  const CodecInfo& storage = *state.storage;
  const int64_t offset = block * storage.block_bytes;
  if (state.layout == StateLayout::rows) {
    std::memcpy(packed, state.at(place.page, place.head, place.slot) + offset, storage.block_bytes);
    return;
  }
  const std::byte* run = state.at(place.page, place.head, place.first_slot()) + offset * kTurnedTokens;
  for_each_field(storage, [&](int64_t at, int64_t bytes) {
    std::memcpy(packed + at, run + at * kTurnedTokens + place.slot_in_run() * bytes, static_cast<size_t>(bytes));
  });
}

// Field i of a row whose fields all have two bytes, in every 64th place of the run.
inline void turn_halves(const std::byte* row, int64_t count, std::byte* first) {
  for (int64_t i = 0; i < count; ++i) std::memcpy(first + 2 * kTurnedTokens * i, row + 2 * i, 2);
}

/// All blocks of a row.
inline void store_state_row(const StateView& state, const StatePlace& place, const std::byte* row) {
  const int64_t bytes = state.storage->block_bytes;
  if (state.layout == StateLayout::rows) {
    std::memcpy(state.at(place.page, place.head, place.slot), row, static_cast<size_t>(state.token_bytes));
    return;
  }
  if (state.storage->is_plain() && bytes == 2) {
    return turn_halves(row, state.head_dim,
                       state.at(place.page, place.head, place.first_slot()) + 2 * place.slot_in_run());
  }
  for (int64_t block = 0; block < state.token_bytes / bytes; ++block) {
    store_state_block(state, place, block, row + block * bytes);
  }
}

inline void load_state_row(const StateView& state, const StatePlace& place, std::byte* row) {
  const int64_t bytes = state.storage->block_bytes;
  for (int64_t block = 0; block < state.token_bytes / bytes; ++block) {
    load_state_block(state, place, block, row + block * bytes);
  }
}

}  // namespace adze::ops
