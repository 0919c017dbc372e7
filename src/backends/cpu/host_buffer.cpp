#include "backends/cpu/host_buffer.h"

#include <sys/mman.h>

#include "base/checked_math.h"
#include "base/error.h"

namespace adze::backends {
namespace {

constexpr size_t kHugePageBytes = size_t{2} << 20;

void* map_anonymous(size_t bytes) {
  void* address = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED) fail(ErrorCode::out_of_memory, "cannot reserve {} bytes of memory", bytes);
  return address;
}

}  // namespace

HostBuffer::HostBuffer(size_t bytes) : size_(bytes) {
  if (bytes == 0) return;
  const bool huge = bytes >= 2 * kHugePageBytes;
  const auto wanted = checked_add(bytes, huge ? kHugePageBytes : 0);
  if (!wanted) fail(ErrorCode::out_of_memory, "cannot reserve {} bytes of memory", bytes);
  mapping_ = map_anonymous(*wanted);
  mapping_bytes_ = *wanted;
  auto start = reinterpret_cast<uintptr_t>(mapping_);
  if (huge) start = (start + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
  data_ = reinterpret_cast<std::byte*>(start);
#ifdef MADV_HUGEPAGE
  if (huge) ::madvise(data_, bytes, MADV_HUGEPAGE);
#endif
}

HostBuffer::~HostBuffer() {
  if (mapping_) ::munmap(mapping_, mapping_bytes_);
}

}  // namespace adze::backends
