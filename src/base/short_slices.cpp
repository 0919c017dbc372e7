#include "base/short_slices.h"

#if defined(__linux__)
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace adze {

#if defined(__linux__)
void ask_for_short_slices() {
  constexpr unsigned kSliceNs = 100'000;  // the shortest that Linux takes
  sched_attr attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return;
  if (attributes.sched_policy != SCHED_NORMAL) return;
  attributes.sched_runtime = kSliceNs;
  // A refusal leaves everything as it was.
  (void)syscall(SYS_sched_setattr, 0, &attributes, 0);
}
#else
void ask_for_short_slices() {}
#endif

}  // namespace adze
