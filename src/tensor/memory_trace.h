// In which order a run takes and gives back memory: another run that does the same finds its blocks in one arena.
//
// A trace is recorded once. Whoever follows it compares every step, so that a block of the arena is handed out only
// where everything that lay there before has been given back.
#pragma once

#include <cstddef>
#include <vector>

namespace adze {

class MemoryTrace {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);
  struct Block {
    size_t number = kNone;  // kNone: the trace does not know it
    size_t offset = kNone;  // in the arena; kNone: it lies elsewhere, as what outlives a run does
  };

  /// Begins to follow what was recorded.
  void follow();
  Block take(size_t bytes);
  /// REQUIRES: of this run.
  void give_back(size_t number);
  /// Ends the run; true where it was recorded, or did what was recorded.
  bool finish();

  bool is_recorded() const { return state_ != State::recording; }
  size_t arena_bytes() const { return arena_bytes_; }

 private:
  enum class State { recording, following, lost };
  struct Event {
    size_t number;
    size_t bytes;  // that are taken; kNone: given back
  };
  void place();

  State state_ = State::recording;
  std::vector<Event> events_;
  std::vector<size_t> offsets_;  // of each block
  size_t next_ = 0;              // event
  size_t arena_bytes_ = 0;
};

}  // namespace adze
