// A group of threads that run the same steps together, with a barrier between them.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/thread_pool.h"

namespace adze {

/// Meeting point of a fixed number of threads: spins shortly, then sleeps, so that a busy machine is not starved.
class Barrier {
 public:
  explicit Barrier(unsigned threads) : threads_(threads) {}

  /// The last thread to come runs `by_the_last()` while the others wait.
  template <typename Function>
  void meet(const Function& by_the_last) {
    const uint32_t round = round_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 < threads_) return wait_for_end_of(round);
    by_the_last();
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    round_.notify_all();
  }

 private:
  void wait_for_end_of(uint32_t round) const;

  const unsigned threads_;
  std::atomic<unsigned> arrived_{0};
  std::atomic<uint32_t> round_{0};
};

/// One thread's membership. Every member must make the same calls of wait() and meet() in the same order.
class Team {
 public:
  Team(unsigned thread, unsigned threads, Barrier* barrier) : thread_(thread), threads_(threads), barrier_(barrier) {}
  unsigned thread() const { return thread_; }
  unsigned threads() const { return threads_; }
  void wait() const {
    meet([] {});
  }
  /// wait(), where the last member to come runs `by_the_last()` before all go on: for work too small to share, one
  /// meeting less than if a certain member did it.
  template <typename Function>
  void meet(const Function& by_the_last) const {
    threads_ > 1 ? barrier_->meet(by_the_last) : by_the_last();
  }
  /// This member's part of [0, count) in multiples of `grain`.
  Range share(size_t count, size_t grain = 1) const { return share_of(count, grain, thread_, threads_); }

 private:
  unsigned thread_;
  unsigned threads_;
  Barrier* barrier_;
};

}  // namespace adze
