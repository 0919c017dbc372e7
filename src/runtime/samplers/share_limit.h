// Finding how many come first until they make up a share of the probability, without sorting the others.
#pragma once

#include <array>
#include <optional>

#include "runtime/samplers/candidates.h"
#include "runtime/samplers/sort_front.h"

namespace adze::runtime {

struct ShareLimit {
  double share;         // of all weights
  bool is_exceeded;     // it must be exceeded, not only reached
  size_t min_keep = 0;  // so many come in any case
};

struct Keyed {
  double key;
  double weight;
  Candidate candidate;
};

inline bool comes_before(const Keyed& a, const Keyed& b) {
  return a.key < b.key || (a.key == b.key && is_likelier(a.candidate, b.candidate));
}

/// The last one that it takes, by rising key(candidate) >= 0; none if it takes all. Keys are differences of logits:
/// they are counted in buckets, and only the bucket in which the share is reached is sorted.
template <typename Key>
std::optional<Keyed> last_within_share(Candidates& candidates, const ShareLimit& limit, Key key) {
  constexpr size_t kBuckets = 512;
  constexpr double kBucketsPerUnit = 16;
  const auto bucket_of = [&](double value) {
    const double bucket = value * kBucketsPerUnit;
    return bucket < kBuckets - 1 ? static_cast<size_t>(bucket) : kBuckets - 1;
  };
  const auto weights = candidates.weights();
  const auto list = candidates.list();
  const double wanted = limit.share * candidates.total_weight();
  const auto is_enough = [&](double weight, size_t count) {
    return (limit.is_exceeded ? weight > wanted : weight >= wanted) && count >= limit.min_keep;
  };

  std::array<double, kBuckets> bucket_weights{};
  std::array<size_t, kBuckets> bucket_counts{};
  for (size_t i = 0; i < list.size(); ++i) {
    const size_t bucket = bucket_of(key(list[i]));
    bucket_weights[bucket] += weights[i];
    ++bucket_counts[bucket];
  }
  double covered = 0;
  size_t count = 0;
  size_t last = 0;
  while (last < kBuckets && !is_enough(covered + bucket_weights[last], count + bucket_counts[last])) {
    covered += bucket_weights[last];
    count += bucket_counts[last++];
  }
  if (last == kBuckets) return std::nullopt;

  std::vector<Keyed> members;
  for (size_t i = 0; i < list.size(); ++i) {
    const double value = key(list[i]);
    if (bucket_of(value) == last) members.push_back({value, weights[i], list[i]});
  }
  constexpr size_t kFirstSorted = 32;
  constexpr size_t kGrowth = 4;
  for (size_t i = 0, sorted = 0; i < members.size(); ++i) {
    if (i == sorted) {
      sorted = std::min(members.size(), std::max(kFirstSorted, kGrowth * sorted));
      sort_front(members, i, sorted, comes_before);
    }
    covered += members[i].weight;
    if (is_enough(covered, ++count)) return members[i];
  }
  return members.back();  // rounding: the bucket as a whole was enough
}

}  // namespace adze::runtime
