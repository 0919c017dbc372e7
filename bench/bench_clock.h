// Times of short runs: the median of what passed, and the best in processor time of the calling thread, which says more
// where others use the machine.
#pragma once

#include <algorithm>
#include <ctime>
#include <functional>
#include <vector>

#include "base/clock.h"

namespace adze::bench {

struct Seconds {
  double elapsed;
  double processor;
};

inline double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// Seconds of one call of `work(times)`, per time.
inline Seconds time_once(const std::function<void(int times)>& work, int times) {
  const int64_t start = now_ns();
  const double thread_start = thread_seconds();
  work(times);
  return {static_cast<double>(now_ns() - start) * 1e-9 / times, (thread_seconds() - thread_start) / times};
}

/// Seconds per time: median elapsed and best processor time of seven runs of about 30 ms.
inline Seconds time_runs(const std::function<void(int times)>& work) {
  constexpr int kRuns = 7;
  constexpr double kSecondsPerRun = 0.03;
  work(1);
  const int times = std::max(1, static_cast<int>(kSecondsPerRun / time_once(work, 1).processor));
  std::vector<double> elapsed, processor;
  for (int run = 0; run < kRuns; ++run) {
    const Seconds seconds = time_once(work, times);
    elapsed.push_back(seconds.elapsed);
    processor.push_back(seconds.processor);
  }
  std::nth_element(elapsed.begin(), elapsed.begin() + kRuns / 2, elapsed.end());
  return {elapsed[kRuns / 2], *std::min_element(processor.begin(), processor.end())};
}

}  // namespace adze::bench
