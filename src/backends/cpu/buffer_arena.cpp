#include "backends/cpu/buffer_arena.h"

#include <algorithm>

#include "base/checked_math.h"
#include "base/error.h"

namespace adze::backends {
namespace {

constexpr size_t kFirstBufferBytes = size_t{64} << 20;

}  // namespace

std::byte* BufferArena::allocate(size_t bytes) {
  const auto rounded = checked_align(bytes, kAlignment);
  if (!rounded) fail(ErrorCode::out_of_memory, "cannot reserve {} bytes of memory", bytes);
  if (buffers_.empty() || *rounded > buffers_.back().size() - used_) {
    // Address space: what is not used is never backed by memory, but for the last huge page of each buffer. So the
    // buffers double, and there are few.
    used_in_full_ += used_;
    buffers_.emplace_back(std::max<size_t>({kFirstBufferBytes, used_in_full_, *rounded}));
    used_ = 0;
  }
  std::byte* block = buffers_.back().data() + used_;
  used_ += *rounded;
  return block;
}

}  // namespace adze::backends
