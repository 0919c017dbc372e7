// Memory of tensors that are gone, kept for those that come: a graph that runs again allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace adze {

/// Safe to use from several threads. Tensors may outlive it.
class TensorMemory {
 public:
  TensorMemory();
  ~TensorMemory();

  /// Aligned to 64 bytes; goes back when the last owner lets go. Null when there is none.
  std::shared_ptr<std::byte> take(size_t bytes);

  /// The most that tensors held at a time, and what was asked of the system for it.
  size_t peak_bytes() const;
  size_t owned_bytes() const;

  /// While it lives, tensors that this thread makes take their memory there.
  class Use {
   public:
    explicit Use(TensorMemory& memory);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    TensorMemory* before_;
  };
  /// Null outside of a Use.
  static TensorMemory* in_use();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace adze
