// Don't repeat yourself: whatever would make the end of the text repeat an earlier passage loses the more, the longer
// the passage already is (p-e-w 2024, text-generation-webui #5677). A passage ends at a breaker, so that names and the
// frame of a list may come again.
#include <algorithm>
#include <map>
#include <unordered_map>

#include "runtime/samplers/recent_tokens.h"
#include "runtime/samplers/sampler_step.h"

namespace adze::runtime {
namespace {

constexpr SamplerParameter kParameters[] = {
    {.name = "dry_multiplier",
     .flags = "--dry-multiplier",
     .meaning = "how strongly what goes on with a repetition is made less likely; 0: off",
     .field = &SamplerOptions::dry_multiplier,
     .maximum = 1e6},
    {.name = "dry_base",
     .flags = "--dry-base",
     .meaning = "factor for each further token of the repetition",
     .field = &SamplerOptions::dry_base,
     .minimum = 1,
     .maximum = 1e3},
    {.name = "dry_allowed_length",
     .flags = "--dry-allowed-length",
     .meaning = "tokens that may come again freely",
     .field = &SamplerOptions::dry_allowed_length,
     .maximum = 1 << 30},
    {.name = "dry_penalty_last_n",
     .flags = "--dry-penalty-last-n",
     .meaning = "how many tokens back repetitions are looked for; 0: none",
     .field = &SamplerOptions::dry_window,
     .maximum = 1 << 30},
};

// By multiplications alone, the same on every machine; infinity where it is too large.
double whole_power(double base, size_t exponent) {
  double power = 1;
  for (; exponent > 0; exponent /= 2, base *= base) {
    if (exponent % 2 == 1) power *= base;
  }
  return power;
}

class DryStep : public SamplerStep {
 public:
  explicit DryStep(const SamplerOptions& options)
      : multiplier_(options.dry_multiplier),
        base_(options.dry_base),
        allowed_length_(static_cast<size_t>(options.dry_allowed_length)),
        recent_(options.dry_window) {
    for (const auto& breaker : options.dry_breakers) {
      if (!breaker.empty()) tails_.emplace(breaker.front(), std::vector<int32_t>(breaker.begin() + 1, breaker.end()));
    }
  }

  void accept(int32_t token) override { recent_.push(token); }

  void apply(Candidates& candidates, Random&) override {
    find_repetitions();
    candidates.change_logits_of(repetitions_, [&](float& logit, size_t length) {
      logit = as_logit(logit - multiplier_ * whole_power(base_, length - allowed_length_));
    });
  }

 private:
  // How long the passage is that each next token would go on with.
  void find_repetitions() {
    repetitions_.clear();
    const size_t limit = tokens_since_breaker();
    if (limit < allowed_length_) return;
    match_end_with_earlier();
    for (size_t age = 1; age < matches_.size(); ++age) {
      const size_t length = std::min(matches_[age], limit);
      const int32_t next = recent_.token(age - 1);
      if (length < allowed_length_ || is_breaker(next)) continue;
      size_t& longest = repetitions_[next];
      longest = std::max(longest, length);
    }
  }

  // matches_[age]: how many tokens up to the one of this age are the same as the last ones of the text. By the Z
  // algorithm (Gusfield 1997), which compares each token once.
  void match_end_with_earlier() {
    const size_t count = recent_.size();
    matches_.assign(count, 0);
    size_t box = 0;  // the match that reaches farthest back: it began at this age
    size_t box_end = 0;
    for (size_t age = 1; age < count; ++age) {
      size_t length = age < box_end ? std::min(box_end - age, matches_[age - box]) : 0;
      while (age + length < count && recent_.token(length) == recent_.token(age + length)) ++length;
      matches_[age] = length;
      if (age + length > box_end) {
        box = age;
        box_end = age + length;
      }
    }
  }

  // Behind the last breaker; all, if there is none.
  size_t tokens_since_breaker() const {
    for (size_t age = 0; age < recent_.size(); ++age) {
      bool found = false;
      size_t longest_tail = 0;
      const auto [begin, end] = tails_.equal_range(recent_.token(age));
      for (auto entry = begin; entry != end; ++entry) {
        const auto& tail = entry->second;
        if (tail.size() > age || !follows(tail, age)) continue;
        found = true;
        longest_tail = std::max(longest_tail, tail.size());
      }
      if (found) return age - longest_tail;
    }
    return recent_.size();
  }

  // REQUIRES: tail.size() <= age.
  bool follows(const std::vector<int32_t>& tail, size_t age) const {
    for (size_t i = 0; i < tail.size(); ++i) {
      if (recent_.token(age - 1 - i) != tail[i]) return false;
    }
    return true;
  }

  bool is_breaker(int32_t token) const {
    const auto [begin, end] = tails_.equal_range(token);
    return std::any_of(begin, end, [](const auto& entry) { return entry.second.empty(); });
  }

  double multiplier_;
  double base_;
  size_t allowed_length_;
  std::multimap<int32_t, std::vector<int32_t>> tails_;  // of breakers, by their first token
  RecentTokens recent_;
  std::vector<size_t> matches_;
  std::unordered_map<int32_t, size_t> repetitions_;  // by token that would go on with one
};

std::unique_ptr<SamplerStep> make(const SamplerOptions& options) {
  const bool acts = options.dry_multiplier > 0 && options.dry_window > 0;
  return acts ? std::make_unique<DryStep>(options) : nullptr;
}

}  // namespace

constinit const SamplerKind dry_sampler = {
    .name = "dry",
    .summary = "makes what would repeat an earlier passage less likely, the more the longer it is",
    .place = SamplerPlace::in_order,
    .parameters = kParameters,
    .make = make,
};

}  // namespace adze::runtime
