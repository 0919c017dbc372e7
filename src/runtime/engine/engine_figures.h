// What an engine has done and is doing, in numbers; whoever serves it renders them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace adze::runtime {

/// How often values fell where. Buckets are those of Prometheus: each counts the values up to its bound.
class Histogram {
 public:
  /// REQUIRES: rising bounds that outlive the histogram.
  explicit Histogram(std::span<const double> bounds) : bounds_(bounds), counts_(bounds.size() + 1, 0) {}

  void add(double value);

  std::span<const double> bounds() const { return bounds_; }
  /// Of the values above the bound before and not above this one; the last one of those above every bound.
  std::span<const int64_t> counts() const { return counts_; }
  int64_t count() const;
  double sum() const { return sum_; }

 private:
  std::span<const double> bounds_;
  std::vector<int64_t> counts_;
  double sum_ = 0;
};

/// Bounds in seconds: from half a millisecond to half a minute for a token, from a millisecond to five minutes for the
/// first; and in tokens of a step: powers of two.
std::span<const double> token_seconds_bounds();
std::span<const double> first_token_seconds_bounds();
std::span<const double> step_tokens_bounds();

struct EngineFigures {
  // Now.
  int64_t waiting_requests = 0;  // for their first step, or again after a preemption
  int64_t running_requests = 0;
  int64_t pages = 0;
  int64_t used_pages = 0;    // by running requests, shared ones once
  int64_t cached_pages = 0;  // kept of earlier requests, given away when pages are needed
  int64_t free_pages = 0;
  int64_t page_tokens = 0;

  // Since the start.
  int64_t submitted_requests = 0;
  int64_t finished_requests = 0;
  int64_t cancelled_requests = 0;
  int64_t failed_requests = 0;
  int64_t prompt_tokens = 0;         // of requests that have begun
  int64_t reused_prompt_tokens = 0;  // of them, found in the cache
  int64_t recomputed_tokens = 0;     // fed again after preemptions
  int64_t generated_tokens = 0;
  int64_t drafted_tokens = 0;
  int64_t accepted_tokens = 0;       // drafted ones that were the right ones
  int64_t model_drafted_tokens = 0;  // of the drafted ones, by the draft model
  int64_t model_accepted_tokens = 0;
  double draft_seconds = 0;  // in the draft model; not of the steps
  int64_t preemptions = 0;
  int64_t evicted_pages = 0;
  int64_t steps = 0;
  double step_seconds = 0;  // sum over the steps

  Histogram step_tokens{step_tokens_bounds()};
  Histogram first_token_seconds{first_token_seconds_bounds()};  // from submission
  Histogram token_seconds{token_seconds_bounds()};              // between two tokens of a request
};

}  // namespace adze::runtime
