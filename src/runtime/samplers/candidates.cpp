#include "runtime/samplers/candidates.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "runtime/samplers/exact_functions.h"
#include "runtime/samplers/sort_front.h"

namespace adze::runtime {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kForbidden = -std::numeric_limits<float>::infinity();

}  // namespace

float as_logit(double value) {
  if (std::isinf(value)) return value < 0 ? kForbidden : kLargest;
  return static_cast<float>(std::clamp<double>(value, -kLargest, kLargest));
}

void Candidates::assign(std::span<const float> logits) {
  list_.resize(logits.size());
  for (size_t i = 0; i < logits.size(); ++i) {
    const float logit = logits[i] == logits[i] ? logits[i] : kForbidden;
    list_[i] = {static_cast<int32_t>(i), std::min(logit, kLargest)};
  }
  is_sorted_ = false;
  vocabulary_ = list_.size();
  ranked_ = 0;
  chosen_ = -1;
  if (best_logit() == kForbidden) {
    fail(ErrorCode::bad_input, "every logit is NaN or minus infinity; the model or its weights are broken");
  }
}

float Candidates::best_logit() const {
  if (is_sorted_) return list_.empty() ? kForbidden : list_.front().logit;
  if (ranked_ > 0) return order_.front().logit;
  float best = kForbidden;
  for (const Candidate& candidate : list_) best = std::max(best, candidate.logit);
  return best;
}

double Candidates::total_weight() const {
  const double best = best_logit();
  double total = 0;
  for (const Candidate& candidate : list_) total += exact_exp(candidate.logit - best);
  return total;
}

std::span<const Candidate> Candidates::likeliest(size_t count) {
  count = std::min(count, list_.size());
  if (is_sorted_) return std::span(list_).first(count);
  if (count > ranked_) rank(count);
  return std::span(order_).first(count);
}

// A few are picked out in one pass; more are sorted in a copy of the list, from where the last call stopped.
void Candidates::rank(size_t count) {
  constexpr size_t kFew = 256;
  if (ranked_ == 0 && count <= kFew) {
    order_.resize(count);
    std::partial_sort_copy(list_.begin(), list_.end(), order_.begin(), order_.end(), is_likelier);
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
    return;
  }
  const auto kept = likeliest(count);
  list_.assign(kept.begin(), kept.end());
  is_sorted_ = true;
  ranked_ = 0;
}

void Candidates::keep_only(Candidate candidate) {
  list_.assign(1, candidate);
  is_sorted_ = true;
  ranked_ = 0;
}

}  // namespace adze::runtime
