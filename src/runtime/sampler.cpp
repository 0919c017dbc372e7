#include "runtime/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace adze::runtime {
namespace {

void require(bool holds, const char* option, double value, const char* range) {
  if (!holds) fail(ErrorCode::bad_input, "{} is {}, must be {}", option, value, range);
}

// SplitMix64 (Steele, Lea and Flood 2014): tiny, portable, and good enough to draw tokens.
uint64_t next_random(uint64_t& state) {
  uint64_t z = (state += 0x9E3779B97F4A7C15ull);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
  return z ^ (z >> 31);
}

}  // namespace

void check(const SamplerOptions& options) {
  require(options.temperature >= 0 && std::isfinite(options.temperature), "temperature", options.temperature,
          "0 or more");
  require(options.top_k >= 0, "top_k", static_cast<double>(options.top_k), "0 or more");
  require(options.top_p > 0 && options.top_p <= 1, "top_p", options.top_p, "above 0 and at most 1");
  require(options.min_p >= 0 && options.min_p <= 1, "min_p", options.min_p, "from 0 to 1");
  require(options.repetition_penalty > 0 && std::isfinite(options.repetition_penalty), "repetition_penalty",
          options.repetition_penalty, "above 0");
  require(options.repetition_window >= 0, "repetition_window", static_cast<double>(options.repetition_window),
          "0 or more");
}

Sampler::Sampler(const SamplerOptions& options) : options_(options), random_state_(options.seed) { check(options); }

void Sampler::accept(int32_t token) {
  recent_.push_back(token);
  while (static_cast<int64_t>(recent_.size()) > options_.repetition_window) recent_.pop_front();
}

int32_t Sampler::sample(std::span<const float> logits) {
  const bool penalizes = options_.repetition_penalty != 1.0 && !recent_.empty();
  if (options_.temperature == 0 && !penalizes) return most_likely(logits);
  gather(logits);
  if (penalizes) penalize_repetitions();
  if (options_.temperature == 0) {
    return std::min_element(candidates_.begin(), candidates_.end(),
                            [](const auto& a, const auto& b) {
                              return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
                            })
        ->token;
  }
  keep_top_k();
  keep_likely();
  return draw();
}

int32_t Sampler::most_likely(std::span<const float> logits) const {
  size_t best = logits.size();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isnan(logits[i]) && (best == logits.size() || logits[i] > logits[best])) best = i;
  }
  if (best == logits.size()) fail(ErrorCode::bad_input, "every logit is NaN; the model or its weights are broken");
  return static_cast<int32_t>(best);
}

void Sampler::gather(std::span<const float> logits) {
  candidates_.clear();
  for (size_t i = 0; i < logits.size(); ++i) {
    if (!std::isnan(logits[i])) candidates_.push_back({static_cast<int32_t>(i), logits[i]});
  }
  if (candidates_.empty()) fail(ErrorCode::bad_input, "every logit is NaN; the model or its weights are broken");
}

void Sampler::penalize_repetitions() {
  std::vector<int32_t> seen(recent_.begin(), recent_.end());
  std::sort(seen.begin(), seen.end());
  const auto penalty = static_cast<float>(options_.repetition_penalty);
  for (Candidate& candidate : candidates_) {
    if (!std::binary_search(seen.begin(), seen.end(), candidate.token)) continue;
    candidate.logit = candidate.logit > 0 ? candidate.logit / penalty : candidate.logit * penalty;
  }
}

// Puts the `count` most likely candidates first, in order. REQUIRES: the first `sorted` are there already.
void Sampler::sort_front(size_t sorted, size_t count) {
  const auto better = [](const Candidate& a, const Candidate& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.token < b.token);
  };
  const auto at = [&](size_t index) { return candidates_.begin() + static_cast<std::ptrdiff_t>(index); };
  std::partial_sort(at(sorted), at(count), candidates_.end(), better);
}

// Leaves the most likely candidate first, at least.
void Sampler::keep_top_k() {
  const bool limited = options_.top_k > 0 && static_cast<size_t>(options_.top_k) < candidates_.size();
  const size_t kept = limited ? static_cast<size_t>(options_.top_k) : 1;
  sort_front(0, kept);
  if (limited) candidates_.resize(kept);
}

// Applies top-p and min-p to the probabilities before temperature, as llama.cpp's chain does. What is kept is usually
// short: so much of the vocabulary is sorted as it takes.
void Sampler::keep_likely() {
  if (options_.top_p >= 1 && options_.min_p <= 0) return;
  constexpr size_t kFirstSorted = 64;
  const double best = candidates_.front().logit;
  double total = 0;
  for (const Candidate& candidate : candidates_) total += std::exp(candidate.logit - best);
  double covered = 0;
  size_t kept = 0;
  for (size_t sorted = 0; kept < candidates_.size(); ++kept) {
    if (kept == sorted) {
      sorted = std::min(candidates_.size(), std::max(kFirstSorted, 4 * sorted));
      sort_front(kept, sorted);
    }
    const double weight = std::exp(candidates_[kept].logit - best);
    if (kept > 0 && (covered >= options_.top_p * total || weight < options_.min_p)) break;
    covered += weight;
  }
  candidates_.resize(kept);
}

int32_t Sampler::draw() {
  const double best = candidates_.front().logit;
  weights_.clear();
  double total = 0;
  for (const Candidate& candidate : candidates_) {
    weights_.push_back(std::exp((candidate.logit - best) / options_.temperature));
    total += weights_.back();
  }
  double left = next_uniform() * total;
  for (size_t i = 0; i + 1 < candidates_.size(); ++i) {
    left -= weights_[i];
    if (left < 0) return candidates_[i].token;
  }
  return candidates_.back().token;
}

double Sampler::next_uniform() { return static_cast<double>(next_random(random_state_) >> 11) * 0x1p-53; }

}  // namespace adze::runtime
