#include "base/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/cpu_features.h"
#include "base/short_slices.h"
#include "base/spin_wait.h"

namespace adze {

struct ThreadPool::State {
  std::vector<std::thread> workers;
  const std::function<void(unsigned)>* body = nullptr;
  std::atomic<uint64_t> round{0};       // increased to start work
  std::atomic<unsigned> unfinished{0};  // workers still in the current round
  std::atomic<unsigned> asleep{0};      // workers
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::condition_variable start;
  std::condition_variable finish;
  std::exception_ptr failure;

  void work(unsigned thread);
  void run_body(unsigned thread);
  void wait_for_round(uint64_t seen);
};

void ThreadPool::State::run_body(unsigned thread) {
  try {
    (*body)(thread);
  } catch (...) {
    const std::lock_guard lock(mutex);
    if (!failure) failure = std::current_exception();
  }
}

void ThreadPool::State::wait_for_round(uint64_t seen) {
  const auto started = [&] { return round.load(std::memory_order_acquire) != seen; };
  if (spin_until(started)) return;
  asleep.fetch_add(1, std::memory_order_relaxed);
  {
    std::unique_lock lock(mutex);
    start.wait(lock, started);
  }
  asleep.fetch_sub(1, std::memory_order_relaxed);
}

void ThreadPool::State::work(unsigned thread) {
  ask_for_short_slices();
  uint64_t seen = 0;
  while (true) {
    wait_for_round(seen);
    seen = round.load(std::memory_order_acquire);
    if (stopping.load(std::memory_order_acquire)) return;
    run_body(thread);
    if (unfinished.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      const std::lock_guard lock(mutex);
      finish.notify_one();
    }
  }
}

ThreadPool::ThreadPool(unsigned threads) : state_(std::make_unique<State>()) {
  if (threads == 0) threads = available_processors();
  if (threads > 1) ask_for_short_slices();
  for (unsigned i = 1; i < threads; ++i) state_->workers.emplace_back([s = state_.get(), i] { s->work(i); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->round.fetch_add(1, std::memory_order_acq_rel);
  }
  state_->start.notify_all();
  for (auto& worker : state_->workers) worker.join();
}

unsigned ThreadPool::size() const { return static_cast<unsigned>(state_->workers.size()) + 1; }

bool ThreadPool::is_awake() const { return state_->asleep.load(std::memory_order_relaxed) == 0; }

void ThreadPool::run(const std::function<void(unsigned)>& body) {
  State& s = *state_;
  s.body = &body;
  if (!s.workers.empty()) {
    s.unfinished.store(static_cast<unsigned>(s.workers.size()), std::memory_order_release);
    {
      const std::lock_guard lock(s.mutex);
      s.round.fetch_add(1, std::memory_order_acq_rel);
    }
    s.start.notify_all();
  }
  s.run_body(0);
  const auto finished = [&] { return s.unfinished.load(std::memory_order_acquire) == 0; };
  if (!spin_until(finished)) {
    std::unique_lock lock(s.mutex);
    s.finish.wait(lock, finished);
  }
  const std::lock_guard lock(s.mutex);
  if (s.failure) std::rethrow_exception(std::exchange(s.failure, nullptr));
}

namespace {

/// What a thread begins with, and others finish where they are earlier: one that takes the same part in every loop
/// finds in its caches what it left there.
struct alignas(64) Share {
  std::atomic<size_t> next;
  size_t end;
};

}  // namespace

void ThreadPool::for_each(size_t count, const std::function<void(size_t)>& body) {
  const unsigned threads = size();
  std::vector<Share> shares(threads);
  for (unsigned thread = 0; thread < threads; ++thread) {
    const Range range = share_of(count, 1, thread, threads);
    shares[thread].next = range.begin;
    shares[thread].end = range.end;
  }
  run([&](unsigned thread) {
    for (unsigned other = 0; other < threads; ++other) {
      Share& share = shares[(thread + other) % threads];
      for (size_t index = share.next++; index < share.end; index = share.next++) body(index);
    }
  });
}

Range share_of(size_t count, size_t grain, unsigned thread, unsigned threads) {
  const size_t grains = (count + grain - 1) / grain;
  const auto bound = [&](size_t t) { return std::min(count, grains * t / threads * grain); };
  return {bound(thread), bound(thread + 1)};
}

}  // namespace adze
