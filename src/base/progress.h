// How long-running library calls tell the caller where they are, and how the caller stops them.
#pragma once

#include <cstdint>
#include <string_view>

namespace adze {

class Progress {
 public:
  virtual ~Progress() = default;
  /// `done` of `total` units (bytes, chunks, tokens) of `what` are finished. Called from one thread at a time.
  virtual void update(std::string_view what, uint64_t done, uint64_t total) = 0;
  /// Polled between units of work; true makes the operation throw Error(cancelled).
  virtual bool cancelled() const { return false; }
};

/// Reports to nobody; the default argument of long calls.
Progress& no_progress();

/// Throws Error(cancelled) if the caller asked to stop.
void throw_if_cancelled(const Progress& progress);

}  // namespace adze
