// A fixed set of workers for loops over independent pieces.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace adze {

class ThreadPool {
 public:
  /// `threads` counts the calling thread, so 1 starts no worker. 0 means one per available processor. Several ask for
  /// short turns on the processors (short_slices.h), the calling one too.
  explicit ThreadPool(unsigned threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  unsigned size() const;

  /// Whether no thread sleeps. Then work of microseconds is worth dividing; waking one takes ten times as long.
  bool is_awake() const;

  /// Calls `body(thread)` once on every thread (0 is the caller) and waits for all. Not reentrant.
  /// The first exception that a body throws is rethrown here after all have finished.
  void run(const std::function<void(unsigned thread)>& body);

  /// Calls `body(index)` for every index in [0, count); each thread begins with its part of them, then helps others.
  void for_each(size_t count, const std::function<void(size_t index)>& body);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The part of [0, count) that belongs to `thread` of `threads`, in multiples of `grain` (the last may be shorter).
struct Range {
  size_t begin = 0;
  size_t end = 0;
};
Range share_of(size_t count, size_t grain, unsigned thread, unsigned threads);

}  // namespace adze
