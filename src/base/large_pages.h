// An allocator for large tables that are read all over: in large pages, where the system gives them when asked.
#pragma once

#include <cstddef>
#include <new>

namespace adze {

inline constexpr size_t kLargePageBytes = size_t{2} << 20;

/// Asks for large pages in whole ones of [address, address + bytes).
void advise_large_pages(void* address, size_t bytes) noexcept;

/// For std::vector<T, LargePages<T>>. Smaller tables are allocated as always.
template <typename T>
struct LargePages {
  using value_type = T;
  LargePages() = default;
  template <typename Other>
  explicit(false) LargePages(const LargePages<Other>&) noexcept {}

  T* allocate(size_t count) {
    if (count > static_cast<size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    const size_t bytes = count * sizeof(T);
    void* address = ::operator new(bytes, alignment_of(bytes));
    if (bytes >= kLargePageBytes) advise_large_pages(address, bytes);
    return static_cast<T*>(address);
  }
  void deallocate(T* address, size_t count) noexcept { ::operator delete(address, alignment_of(count * sizeof(T))); }

  bool operator==(const LargePages&) const = default;

 private:
  static std::align_val_t alignment_of(size_t bytes) {
    return std::align_val_t(bytes >= kLargePageBytes ? kLargePageBytes : alignof(std::max_align_t));
  }
};

}  // namespace adze
