// Feeding a sequence token by token, with guesses behind each.
#pragma once

#include <span>
#include <vector>

#include "runtime/engine/draft_pace.h"
#include "runtime/generate.h"
#include "runtime/session.h"

namespace adze::runtime {

/// Where a draft model guesses right, the logits behind several tokens come from one call.
class DraftedFeed {
 public:
  /// REQUIRES: session, draft model and sequence outlive it.
  DraftedFeed(Session& session, SequenceId sequence, const Drafting& drafting)
      : session_(session), sequence_(sequence), drafting_(drafting) {}

  /// Somebody else feeds these.
  void note(std::span<const int32_t> tokens);
  /// The logits behind `token`, which comes behind all before. At most `more` tokens are wanted behind it.
  std::span<const float> next(int32_t token, int64_t more);
  /// Makes the sequence forget what was not right.
  void finish();

  /// Tokens that were fed, those not counted that were only guessed.
  int64_t length() const { return drafting_.model ? std::ssize(text_) : session_.length(sequence_); }
  int64_t drafted_tokens() const { return pace_.drafted_tokens(); }
  int64_t accepted_tokens() const { return pace_.accepted_tokens(); }

 private:
  void guess(int64_t more);

  Session& session_;
  SequenceId sequence_;
  Drafting drafting_;
  std::vector<int32_t> text_;   // empty without a draft model
  std::vector<int32_t> batch_;  // a token that was known, and the guesses behind it
  size_t right_guesses_ = 0;    // of them
  Logits logits_;               // behind each of the batch
  DraftPace pace_;
};

}  // namespace adze::runtime
