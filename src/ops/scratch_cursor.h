// Places arrays one behind the other in a kernel's scratch, each at a cache line.
#pragma once

#include <cstddef>
#include <cstdint>

namespace adze::ops {

/// With a null base it only counts, so that the size asked for and the places used come from the same code.
class ScratchCursor {
 public:
  explicit ScratchCursor(std::byte* base) : base_(align(reinterpret_cast<uintptr_t>(base))), at_(base_) {}

  template <typename Number>
  Number* take(int64_t count) {
    const uintptr_t place = at_;
    at_ = align(at_ + static_cast<uintptr_t>(count) * sizeof(Number));
    return reinterpret_cast<Number*>(place);
  }

  /// Bytes taken so far, and room to align the base.
  size_t bytes() const { return at_ - base_ + kAlignment; }

 private:
  static constexpr uintptr_t kAlignment = 64;
  static uintptr_t align(uintptr_t at) { return (at + kAlignment - 1) / kAlignment * kAlignment; }
  uintptr_t base_;
  uintptr_t at_;
};

}  // namespace adze::ops
