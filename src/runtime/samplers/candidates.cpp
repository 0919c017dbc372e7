#include "runtime/samplers/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sort_front.h"

namespace adze::runtime {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kForbidden = -std::numeric_limits<float>::infinity();
constexpr size_t kFew = 256;  // that are picked out in one pass

Candidate candidate_of(std::span<const float> logits, size_t i) {
  const float logit = logits[i] == logits[i] ? logits[i] : kForbidden;
  return {static_cast<int32_t>(i), logit < kLargest ? logit : kLargest};
}

void require_possible(float best) {
  if (best > kForbidden) return;
  fail(ErrorCode::bad_input, "every logit is NaN or minus infinity; the model or its weights are broken");
}

// `picked` = the likeliest of `size` candidates in order: a heap of the likeliest so far, the least likely of them on
// top. Most blocks have nothing above it. REQUIRES: count <= size.
template <typename At>
void pick_few(size_t size, size_t count, At at, std::vector<Candidate>& picked) {
  constexpr size_t kBlock = 16;
  picked.clear();
  for (size_t i = 0; i < count; ++i) picked.push_back(at(i));
  std::ranges::make_heap(picked, is_likelier);
  const auto consider = [&](const Candidate& candidate) {
    if (!is_likelier(candidate, picked.front())) return;
    std::ranges::pop_heap(picked, is_likelier);
    picked.back() = candidate;
    std::ranges::push_heap(picked, is_likelier);
  };
  size_t i = count;
  for (; i + kBlock <= size; i += kBlock) {
    const float least = picked.front().logit;
    bool has_any = false;
    for (size_t k = 0; k < kBlock; ++k) has_any |= at(i + k).logit >= least;
    if (!has_any) continue;
    for (size_t k = 0; k < kBlock; ++k) consider(at(i + k));
  }
  for (; i < size; ++i) consider(at(i));
  std::ranges::sort_heap(picked, is_likelier);
}

}  // namespace

float as_logit(double value) {
  if (std::isinf(value)) return value < 0 ? kForbidden : kLargest;
  return static_cast<float>(std::clamp<double>(value, -kLargest, kLargest));
}

// Lanes that do not wait for each other: loops over them become vector instructions.
float largest(std::span<const float> values) {
  constexpr size_t kLanes = 16;
  std::array<float, kLanes> lanes;
  lanes.fill(kForbidden);
  const size_t whole = values.size() / kLanes * kLanes;
  for (size_t i = 0; i < whole; i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] = values[i + lane] > lanes[lane] ? values[i + lane] : lanes[lane];
    }
  }
  float best = kForbidden;
  for (const float value : lanes) best = std::max(best, value);
  for (const float value : values.subspan(whole)) best = value > best ? value : best;
  return best;
}

// Where the largest is, is looked for in its block alone.
int32_t most_likely(std::span<const float> logits) {
  constexpr size_t kBlock = 1024;
  float best = kForbidden;
  std::span<const float> best_block;
  for (size_t begin = 0; begin < logits.size(); begin += kBlock) {
    const auto block = logits.subspan(begin, std::min(kBlock, logits.size() - begin));
    const float in_block = largest(block);
    if (in_block <= best) continue;
    best = in_block;
    best_block = block;
  }
  require_possible(best);
  return static_cast<int32_t>(std::ranges::find(best_block, best) - best_block.begin() +
                              (best_block.data() - logits.data()));
}

void Candidates::begin(size_t vocabulary) {
  vocabulary_ = vocabulary;
  forget_what_was_found();
  chosen_ = -1;
}

void Candidates::assign(std::span<const float> logits) {
  begin(logits.size());
  list_.resize(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) list_[i] = candidate_of(logits, i);
  is_sorted_ = false;
  best_ = std::min(largest(logits), kLargest);
  require_possible(*best_);
}

void Candidates::assign_likeliest(std::span<const float> logits, size_t count) {
  if (count > kFew || count >= logits.size()) {
    assign(logits);
    return keep_likeliest(count);
  }
  begin(logits.size());
  pick_few(logits.size(), count, [&](size_t i) { return candidate_of(logits, i); }, list_);
  is_sorted_ = true;
  require_possible(list_.front().logit);
}

float Candidates::best_logit() {
  if (is_sorted_) return list_.empty() ? kForbidden : list_.front().logit;
  if (!best_) {
    best_ = kForbidden;
    for (const Candidate& candidate : list_) best_ = std::max(*best_, candidate.logit);
  }
  return *best_;
}

// What e^-708 stands for is taken off at the end, so that it becomes 0 and no other weight changes.
std::span<const double> Candidates::weights() {
  if (has_weights_) return weights_;
  const double best = best_logit();
  weights_.resize(list_.size());
  for (size_t i = 0; i < list_.size(); ++i) weights_[i] = std::max(list_[i].logit - best, kLeastExponent);
  const double least = exp_in_range(kLeastExponent);
  for (double& weight : weights_) weight = exp_in_range(weight) - least;
  constexpr size_t kLanes = 4;
  std::array<double, kLanes> sums{};
  for (size_t i = 0; i < weights_.size(); ++i) sums[i % kLanes] += weights_[i];
  total_weight_ = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  has_weights_ = true;
  return weights_;
}

double Candidates::total_weight() {
  weights();
  return total_weight_;
}

std::span<const Candidate> Candidates::likeliest(size_t count) {
  count = std::min(count, list_.size());
  if (is_sorted_) return std::span(list_).first(count);
  if (count > ranked_) rank(count);
  return std::span(order_).first(count);
}

// A few are picked out in one pass; more are sorted in a copy of the list, from where the last call stopped.
void Candidates::rank(size_t count) {
  if (ranked_ == 0 && count <= kFew) {
    pick_few(list_.size(), count, [&](size_t i) { return list_[i]; }, order_);
    ranked_ = count;
    return;
  }
  if (ranked_ == 0 || order_.size() != list_.size()) {
    order_ = list_;
    ranked_ = 0;
  }
  sort_front(order_, ranked_, count, is_likelier);
  ranked_ = count;
}

void Candidates::keep_likeliest(size_t count) {
  if (count >= list_.size()) return;
  if (is_sorted_) {
    list_.resize(count);
  } else {
    const auto kept = likeliest(count);
    list_.assign(kept.begin(), kept.end());
    is_sorted_ = true;
  }
  forget_what_was_found();
}

void Candidates::keep_only(Candidate candidate) {
  list_.assign(1, candidate);
  is_sorted_ = true;
  forget_what_was_found();
}

}  // namespace adze::runtime
