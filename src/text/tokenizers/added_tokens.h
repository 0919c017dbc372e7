// Cuts added and special tokens out of a text before the rest is tokenized.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/normalizer.h"
#include "text/tokenizers/prefix_index.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// For formats that know no other way: with SentencePiece's user-defined tokens, which are to be found in the raw text.
std::vector<AddedToken> all_added_tokens(const TokenizerSpec& spec);

/// A stretch of text between added tokens, or (id != kNoToken) one of them.
struct TextPiece {
  std::string_view text;
  int32_t id = kNoToken;
};

/// Finds either the tokens that are searched in the raw text or those searched in the normalized one.
class AddedTokenFinder {
 public:
  /// With `normalized`, the tokens' own texts are normalized first, as the text will be.
  AddedTokenFinder(const std::vector<AddedToken>& tokens, bool normalized, const Normalizer& normalizer);

  /// The leftmost longest tokens of `text` (valid UTF-8) and what lies between; `parse_special` false skips special
  /// ones. The pieces are views into `text`.
  std::vector<TextPiece> cut(std::string_view text, bool parse_special) const;

 private:
  struct Found {
    size_t begin = 0;
    size_t end = 0;
    const AddedToken* token = nullptr;
  };
  bool find(std::string_view text, size_t from, Found& found) const;

  std::vector<AddedToken> tokens_;
  std::vector<std::string> texts_;  // what is searched for, one per token
  PrefixIndex index_;
};

}  // namespace adze::text
