// Runs the decoder steps of a TokenizerSpec: one token -> the bytes it adds to the text.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "text/tokenizers/normalizer.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

class TokenDecoder {
 public:
  /// `spec` must outlive the decoder. Added tokens that are found in normalized text stand for their normalized text.
  TokenDecoder(const TokenizerSpec& spec, const Normalizer& normalizer);

  /// The bytes of token `id` (in range); they may be part of a character. `first`: no token came before it.
  std::string bytes_of(int32_t id, bool first) const;

  /// What a whole text loses at its start: up to strip_count() times strip_text().
  const std::string& strip_text() const { return strip_text_; }
  int strip_count() const { return strip_count_; }

 private:
  const std::string& text_of(int32_t id) const;

  const TokenizerSpec& spec_;
  std::vector<std::pair<int32_t, std::string>> normalized_texts_;  // few; where they differ from the token's text
  std::string strip_text_;
  int strip_count_ = 0;
};

}  // namespace adze::text
