#include "tensor/arena_places.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

namespace adze {
namespace {

constexpr size_t kAlignment = 64;  // a cache line

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

struct Placed {
  size_t offset, bytes, first, last;
};

/// Offset for a block among those that are placed, by offset.
size_t best_gap(const std::vector<Placed>& placed, const BlockLife& life, size_t bytes) {
  size_t end = 0, best = SIZE_MAX, best_size = SIZE_MAX;
  for (const Placed& other : placed) {
    if (other.last < life.first || other.first > life.last) continue;
    if (other.offset >= end + bytes && other.offset - end < best_size) {
      best = end;
      best_size = other.offset - end;
    }
    end = std::max(end, other.offset + other.bytes);
  }
  return best == SIZE_MAX ? end : best;
}

}  // namespace

ArenaPlaces places_in_arena(std::span<const BlockLife> lives) {
  std::vector<size_t> order(lives.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](size_t a, size_t b) { return lives[a].bytes > lives[b].bytes; });
  ArenaPlaces places{std::vector<size_t>(lives.size(), 0), 0};
  std::vector<Placed> placed;
  for (const size_t block : order) {
    const size_t bytes = aligned(lives[block].bytes), offset = best_gap(placed, lives[block], bytes);
    places.offsets[block] = offset;
    places.bytes = std::max(places.bytes, offset + bytes);
    const auto at = std::ranges::upper_bound(placed, offset, {}, &Placed::offset);
    placed.insert(at, {offset, bytes, lives[block].first, lives[block].last});
  }
  return places;
}

}  // namespace adze
