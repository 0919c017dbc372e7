// WordPiece (BERT): the longest token that a word begins with, then the longest continuation, and so on.
#pragma once

#include "text/tokenizers/prefix_index.h"
#include "text/tokenizers/word_model.h"

namespace adze::text {

class WordPieceModel : public WordModel {
 public:
  explicit WordPieceModel(const TokenizerSpec& spec);
  /// A word with a part that no token spells is one unknown token.
  void encode(std::string_view word, Scratch& scratch, std::vector<int32_t>& ids) const override;

 private:
  size_t max_word_characters_;
  int32_t unknown_;
  PrefixIndex starts_;
  PrefixIndex continuations_;  // without their prefix
};

}  // namespace adze::text
