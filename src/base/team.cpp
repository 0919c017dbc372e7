#include "base/team.h"

#include "base/spin_wait.h"

namespace adze {

void Barrier::wait_for_end_of(uint32_t round) const {
  if (spin_until([&] { return round_.load(std::memory_order_acquire) != round; })) return;
  while (round_.load(std::memory_order_acquire) == round) round_.wait(round, std::memory_order_acquire);
}

}  // namespace adze
