#include "tensor/memory_trace.h"

#include "tensor/arena_places.h"

namespace adze {
namespace {

/// Longer runs (loops of many rounds) are not worth the time that placing their blocks takes.
constexpr size_t kMostEvents = 8192;

}  // namespace

void MemoryTrace::follow() {
  state_ = State::following;
  next_ = 0;
}

MemoryTrace::Block MemoryTrace::take(size_t bytes) {
  if (state_ == State::recording && events_.size() < kMostEvents) {
    events_.push_back({offsets_.size(), bytes});
    offsets_.push_back(kNone);
    return {offsets_.size() - 1, kNone};
  }
  const bool follows = state_ == State::following && next_ < events_.size() && events_[next_].bytes == bytes;
  if (!follows) {
    state_ = State::lost;
    return {};
  }
  const size_t number = events_[next_++].number;
  return {number, offsets_[number]};
}

void MemoryTrace::give_back(size_t number) {
  if (state_ == State::recording && events_.size() < kMostEvents) {
    events_.push_back({number, kNone});
    return;
  }
  const bool follows = state_ == State::following && next_ < events_.size() && events_[next_].bytes == kNone &&
                       events_[next_].number == number;
  if (follows) {
    ++next_;
  } else {
    state_ = State::lost;
  }
}

bool MemoryTrace::finish() {
  if (state_ == State::recording) {
    place();
    state_ = State::following;
    return true;
  }
  return state_ == State::following && next_ == events_.size();
}

/// Blocks that are given back within the run get a place.
void MemoryTrace::place() {
  std::vector<BlockLife> lives;
  std::vector<size_t> numbers, taken(offsets_.size(), 0);
  for (size_t moment = 0; moment < events_.size(); ++moment) {
    const auto [number, bytes] = events_[moment];
    if (bytes != kNone) {
      taken[number] = moment;
    } else {
      lives.push_back({events_[taken[number]].bytes, taken[number], moment});
      numbers.push_back(number);
    }
  }
  const ArenaPlaces places = places_in_arena(lives);
  for (size_t i = 0; i < numbers.size(); ++i) offsets_[numbers[i]] = places.offsets[i];
  arena_bytes_ = places.bytes;
}

}  // namespace adze
