// Waiting shortly for another thread without sleeping.
#pragma once

#include <cstdint>
#include <thread>

#include "base/clock.h"

namespace adze {

/// Spins until `ready()` or for about 50 us: as long as sleeping and waking up take, so that waiting costs at most
/// twice the best choice, and other processes on a busy machine are not starved. Returns whether it became ready; if
/// not, the caller sleeps.
template <typename Ready>
bool spin_until(const Ready& ready) {
  constexpr int64_t kSpinNs = 50'000;
  const int64_t deadline = now_ns() + kSpinNs;
  do {
    for (int i = 0; i < 64; ++i) {
      if (ready()) return true;
#if defined(__x86_64__)
      __builtin_ia32_pause();
#else
      std::this_thread::yield();
#endif
    }
  } while (now_ns() < deadline);
  return false;
}

}  // namespace adze
