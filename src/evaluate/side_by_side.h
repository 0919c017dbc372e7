// Several sequences that run together, one batch for all, as measurements need them.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/session.h"

namespace adze::evaluate {

/// `count` sequences of a session, removed at the end. Tokens are spread over the vocabulary, because timing must not
/// depend on what the text says.
class SideBySide {
 public:
  SideBySide(runtime::Session& session, int64_t count);
  ~SideBySide();
  SideBySide(const SideBySide&) = delete;
  SideBySide& operator=(const SideBySide&) = delete;

  /// Feeds each sequence until it holds `tokens` tokens. Error(out_of_memory) when the context is full.
  void fill(int64_t tokens);
  /// Forgets everything behind the first `tokens` tokens of each sequence.
  void go_back_to(int64_t tokens);
  /// One forward call with `tokens` tokens of each sequence and the logits of the last.
  /// Error(bad_input) if that is more than the session's batch.
  runtime::Logits run(int64_t tokens);
  /// `steps` forward calls in which each sequence gets its most likely next token.
  void generate(int64_t steps);
  /// Feeds `tokens` to the first sequence in batches as large as the session allows; the logits behind the last.
  std::span<const float> prompt(int64_t tokens);

 private:
  runtime::Session& session_;
  std::vector<runtime::SequenceId> ids_;
  std::vector<int32_t> next_;  // token of each sequence
  std::vector<runtime::SequenceWork> work_;
};

/// `count` token ids spread over the vocabulary.
std::vector<int32_t> spread_tokens(int64_t count, int64_t vocabulary);

}  // namespace adze::evaluate
