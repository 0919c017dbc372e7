// Work that takes minutes, each on a thread of its own.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <stop_token>
#include <thread>

namespace adze::server {

class BackgroundWork {
 public:
  BackgroundWork() = default;
  /// Asks all of it to stop, and waits.
  ~BackgroundWork() = default;
  BackgroundWork(const BackgroundWork&) = delete;
  BackgroundWork& operator=(const BackgroundWork&) = delete;

  /// `work` must not throw, and heed the token. Throws Error(out_of_memory) while too much is under way.
  void start(std::function<void(const std::stop_token&)> work);

 private:
  struct Job {
    std::atomic<bool> is_done{false};
    std::jthread thread;  // last: it is joined before the rest goes
  };
  std::mutex mutex_;
  std::list<Job> jobs_;
};

}  // namespace adze::server
