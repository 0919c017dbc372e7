// The protocol that perplexity and divergence share: text in chunks, the second half of each chunk scored.
// It is llama.cpp's, so that figures can be compared: every scored token has at least context / 2 tokens before it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/progress.h"
#include "runtime/session.h"

namespace adze::evaluate {

struct TextOptions {
  int64_t context = 512;   // tokens per chunk
  int64_t max_chunks = 0;  // 0: all that fit
  /// Replaces the first token of every chunk when the tokenizer begins texts with one; kNoToken: none.
  int32_t first_token = -1;
};

/// Logits of consecutive scored positions: row i predicts targets[i].
struct ScoredRows {
  std::vector<runtime::Logits> logits;  // one per session
  std::span<const int32_t> targets;
};

/// Runs the chunks through all sessions side by side and hands over the scored rows, batch by batch. Returns the number
/// of chunks. Throws Error(bad_input) when the text is shorter than one chunk or a context does not fit.
int64_t for_each_scored_batch(std::span<runtime::Session* const> sessions, std::span<const int32_t> tokens,
                              const TextOptions& options, Progress& progress,
                              const std::function<void(const ScoredRows&)>& body);

}  // namespace adze::evaluate
