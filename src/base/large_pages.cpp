#include "base/large_pages.h"

#include <sys/mman.h>

namespace adze {

void advise_large_pages([[maybe_unused]] void* address, [[maybe_unused]] size_t bytes) noexcept {
#ifdef MADV_HUGEPAGE
  ::madvise(address, bytes / kLargePageBytes * kLargePageBytes, MADV_HUGEPAGE);
#endif
}

}  // namespace adze
