#include "runtime/engine/draft_pace.h"

#include <algorithm>

namespace adze::runtime {

int64_t DraftPace::next_length() {
  if (steps_without_draft_ == 0) return length_;
  --steps_without_draft_;
  return 0;
}

void DraftPace::pause() {
  constexpr int64_t kLongestPause = 32;
  steps_without_draft_ = std::min(kLongestPause, (int64_t{1} << std::min<int64_t>(wrong_drafts_, 5)) - 1);
}

void DraftPace::note_none() {
  ++wrong_drafts_;
  pause();
}

void DraftPace::note(int64_t drafted, int64_t accepted) {
  constexpr int64_t kLongest = 64;
  drafted_tokens_ += drafted;
  accepted_tokens_ += accepted;
  length_ = accepted == drafted ? std::min(2 * length_, kLongest) : std::max<int64_t>(1, accepted);
  wrong_drafts_ = accepted > 0 ? 0 : wrong_drafts_ + 1;
  pause();
}

}  // namespace adze::runtime
