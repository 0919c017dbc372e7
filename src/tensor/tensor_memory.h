// Memory of tensors that are gone, kept for those that come: a graph that runs again allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
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
  /// Of the arena in which the last planned run found its tensors; 0 before there was one.
  size_t planned_bytes() const;

  /// While it lives, tensors that this thread makes take their memory there. Runs of the same key (the shapes of what
  /// a graph is given) are expected to make the same tensors: one is recorded, and the next ones find all tensors that
  /// end with the run in one arena. A run that does something else goes on with memory of its own.
  class Run {
   public:
    Run(TensorMemory& memory, const std::vector<int64_t>& key);
    ~Run();
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;

   private:
    friend class TensorMemory;
    TensorMemory& memory_;
    const Run* before_;
    bool is_traced_;
    int exceptions_;  // in flight when it began
  };
  /// Null outside of a Run.
  static TensorMemory* in_use();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace adze
