// A text in the making: the state that stands between a model's logits and what a caller hears.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "runtime/generate.h"
#include "runtime/sampler.h"
#include "runtime/stop_text.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::runtime {

/// What was taken, the text that is now complete and surely not part of a stop text, and why it was the last.
struct TakenToken {
  int32_t token;
  std::string text;
  std::optional<StopReason> reason;
};

class Generation {
 public:
  /// Begins the options' constraint. REQUIRES: tokenizer and options outlive it. Throws what Sampler throws.
  Generation(const text::Tokenizer& tokenizer, const GenerationOptions& options, std::span<const int32_t> prompt);

  /// The next token, from the logits behind the last one. REQUIRES: none before was the last.
  TakenToken take(std::span<const float> logits);
  /// The end of the text that was held back. Ends it.
  std::string finish();
  int64_t taken_tokens() const { return taken_; }
  /// That ended it; empty where it was something else.
  const std::string& stop_text() const { return stops_.found_text(); }

 private:
  std::optional<StopReason> reason_to_stop(bool is_end_token) const;

  const text::Tokenizer& tokenizer_;
  const GenerationOptions& options_;
  Sampler sampler_;
  text::StreamingDecoder decoder_;
  StopText stops_;
  int64_t taken_ = 0;
};

}  // namespace adze::runtime
