// How long drafts of a text may be.
#pragma once

#include <cstdint>

namespace adze::runtime {

/// Drafts grow while they prove right; where they do not, they become short and rare.
class DraftPace {
 public:
  /// Of the next draft; asked for once in a step. 0: none now.
  int64_t next_length();
  /// How a draft of at least one token went.
  void note(int64_t drafted, int64_t accepted);
  /// Somebody was asked for a draft, which costs time, and had none.
  void note_none();

  int64_t drafted_tokens() const { return drafted_tokens_; }
  int64_t accepted_tokens() const { return accepted_tokens_; }

 private:
  void pause();

  int64_t length_ = 2;
  int64_t wrong_drafts_ = 0;  // since the last that was right in part
  int64_t steps_without_draft_ = 0;
  int64_t drafted_tokens_ = 0;
  int64_t accepted_tokens_ = 0;
};

}  // namespace adze::runtime
