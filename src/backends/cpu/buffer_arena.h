// Many blocks of memory that live and die together.
#pragma once

#include <vector>

#include "backends/cpu/host_buffer.h"

namespace adze::backends {

/// Hands out zeroed blocks one behind the other, so that small ones share huge pages. Not for several threads at once.
class BufferArena {
 public:
  static constexpr size_t kAlignment = 64;

  /// A block that lives as long as the arena, aligned to kAlignment. Throws Error(out_of_memory).
  std::byte* allocate(size_t bytes);

  /// Bytes handed out, with the gaps between them.
  size_t used_bytes() const { return used_in_full_ + used_; }

 private:
  std::vector<HostBuffer> buffers_;  // blocks come from the last one
  size_t used_ = 0;                  // of the last one
  size_t used_in_full_ = 0;          // of the others
};

}  // namespace adze::backends
