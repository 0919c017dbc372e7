// One answer of active_isa() for a stretch of work: asking the environment again and again is slow.
#pragma once

namespace adze {

/// While it lives, active_isa() says on this thread what it said when it was made.
class PinnedIsa {
 public:
  PinnedIsa();
  ~PinnedIsa();
  PinnedIsa(const PinnedIsa&) = delete;
  PinnedIsa& operator=(const PinnedIsa&) = delete;

 private:
  bool was_pinned_;
};

}  // namespace adze
