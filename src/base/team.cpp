#include "base/team.h"

#include "base/clock.h"

namespace adze {
namespace {

constexpr int64_t kSpinNs = 20'000;

inline void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

void Barrier::wait() {
  const uint32_t round = round_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads_) {
    arrived_.store(0, std::memory_order_relaxed);
    round_.store(round + 1, std::memory_order_release);
    round_.notify_all();
    return;
  }
  const int64_t deadline = now_ns() + kSpinNs;
  do {
    for (int i = 0; i < 64; ++i) {
      if (round_.load(std::memory_order_acquire) != round) return;
      pause_briefly();
    }
  } while (now_ns() < deadline);
  while (round_.load(std::memory_order_acquire) == round) round_.wait(round, std::memory_order_acquire);
}

}  // namespace adze
