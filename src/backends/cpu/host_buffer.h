// Page-aligned memory for weights, activations and caches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace adze::backends {

/// Zeroed anonymous memory, aligned to a page (to 2 MiB and backed by huge pages where it is large and the system
/// offers them). Physical pages appear when first touched.
class HostBuffer {
 public:
  HostBuffer() = default;
  /// Throws Error(out_of_memory) with the size asked for.
  explicit HostBuffer(size_t bytes);
  ~HostBuffer();
  HostBuffer(HostBuffer&& other) noexcept { swap(other); }
  HostBuffer& operator=(HostBuffer&& other) noexcept {
    swap(other);
    return *this;
  }

  std::byte* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void swap(HostBuffer& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(mapping_, other.mapping_);
    std::swap(mapping_bytes_, other.mapping_bytes_);
  }
  std::byte* data_ = nullptr;
  size_t size_ = 0;
  void* mapping_ = nullptr;
  size_t mapping_bytes_ = 0;
};

}  // namespace adze::backends
