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
  void wait();

 private:
  const unsigned threads_;
  std::atomic<unsigned> arrived_{0};
  std::atomic<uint32_t> round_{0};
};

/// One thread's membership. Every member must make the same calls of wait() in the same order.
class Team {
 public:
  Team(unsigned thread, unsigned threads, Barrier* barrier) : thread_(thread), threads_(threads), barrier_(barrier) {}
  unsigned thread() const { return thread_; }
  unsigned threads() const { return threads_; }
  void wait() const {
    if (threads_ > 1) barrier_->wait();
  }
  /// This member's part of [0, count) in multiples of `grain`.
  Range share(size_t count, size_t grain = 1) const { return share_of(count, grain, thread_, threads_); }

 private:
  unsigned thread_;
  unsigned threads_;
  Barrier* barrier_;
};

}  // namespace adze
