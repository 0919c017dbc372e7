#include "text/grammars/stack_sets.h"

#include <algorithm>

#include "base/error.h"

namespace adze::text {
namespace {

constexpr uint32_t kMaxHeight = 4096;
constexpr size_t kMaxEntries = 30'000'000;

uint64_t mixed(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 29);
}

uint64_t hash_of(const std::vector<StackSets::Entry>& entries, bool has_empty) {
  uint64_t hash = has_empty ? 1 : 0;
  for (const auto& entry : entries) hash = mixed(hash, uint64_t{entry.top} << 32 | entry.below);
  return hash;
}

}  // namespace

StackSets::StackSets() {
  add({}, false);
  add({}, true);
}

bool StackSets::is_same(StackSetId id, const std::vector<Entry>& entries, bool has_empty) const {
  const Set& set = sets_[id];
  return set.has_empty == has_empty && set.count == entries.size() &&
         std::equal(entries.begin(), entries.end(), pool_.begin() + static_cast<std::ptrdiff_t>(set.begin));
}

StackSetId StackSets::add(const std::vector<Entry>& entries, bool has_empty) {
  const uint64_t hash = hash_of(entries, has_empty);
  for (auto [found, end] = by_hash_.equal_range(hash); found != end; ++found) {
    if (is_same(found->second, entries, has_empty)) return found->second;
  }
  uint32_t height = 0;
  for (const Entry& entry : entries) height = std::max(height, sets_[entry.below].height + 1);
  if (height > kMaxHeight) {
    fail(ErrorCode::unsupported, "the text nests deeper than {} rules of the grammar", kMaxHeight);
  }
  if (pool_.size() + entries.size() > kMaxEntries) {
    fail(ErrorCode::out_of_memory, "the grammar can be read in too many ways: more than {} are open", kMaxEntries);
  }
  const auto id = static_cast<StackSetId>(sets_.size());
  sets_.push_back({pool_.size(), static_cast<uint32_t>(entries.size()), height, has_empty});
  pool_.insert(pool_.end(), entries.begin(), entries.end());
  by_hash_.emplace(hash, id);
  return id;
}

StackSetId StackSets::unite(StackSetId a, StackSetId b) {
  if (a == b || b == kNone) return a;
  if (a == kNone) return b;
  if (a > b) std::swap(a, b);
  const uint64_t pair = uint64_t{a} << 32 | b;
  if (const auto known = united_.find(pair); known != united_.end()) return known->second;
  std::vector<Entry> merged;
  size_t i = 0;
  size_t j = 0;
  while (i < entries(a) || j < entries(b)) {
    if (j == entries(b) || (i < entries(a) && entry(a, i).top < entry(b, j).top)) {
      merged.push_back(entry(a, i++));
    } else if (i == entries(a) || entry(b, j).top < entry(a, i).top) {
      merged.push_back(entry(b, j++));
    } else {
      const uint32_t top = entry(a, i).top;
      merged.push_back({top, unite(entry(a, i++).below, entry(b, j++).below)});
    }
  }
  const StackSetId united = add(merged, has_empty(a) || has_empty(b));
  united_.emplace(pair, united);
  return united;
}

}  // namespace adze::text
