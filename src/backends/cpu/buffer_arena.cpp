#include "backends/cpu/buffer_arena.h"

#include <algorithm>

#include "base/checked_math.h"
#include "base/error.h"

namespace adze::backends {
namespace {

constexpr size_t kBufferBytes = size_t{64} << 20;  // of address space; what is not used is never backed by memory

}  // namespace

std::byte* BufferArena::allocate(size_t bytes) {
  const auto rounded = checked_align(bytes, kAlignment);
  if (!rounded) fail(ErrorCode::out_of_memory, "cannot reserve {} bytes of memory", bytes);
  if (buffers_.empty() || *rounded > buffers_.back().size() - used_) {
    buffers_.emplace_back(std::max<size_t>(kBufferBytes, *rounded));
    used_in_full_ += used_;
    used_ = 0;
  }
  std::byte* block = buffers_.back().data() + used_;
  used_ += *rounded;
  return block;
}

}  // namespace adze::backends
