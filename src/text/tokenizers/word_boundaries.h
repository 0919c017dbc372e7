// Vocabularies that mark spaces with "▁" often come without a pre-tokenizer: a whole text is one word. If no token
// has a "▁" after another character, cutting before such a "▁" changes nothing and keeps words short.
#pragma once

#include <string_view>
#include <utility>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581 ▁

class WordBoundaries {
 public:
  /// For models that merge (both kinds of BPE); others are never cut.
  explicit WordBoundaries(const TokenizerSpec& spec);

  /// Calls visit(part) for the parts of `word`, in order.
  template <typename Visit>
  void for_each_part(std::string_view word, Visit&& visit) const {
    while (!word.empty()) {
      const size_t end = splits_ ? next_boundary(word) : word.size();
      visit(word.substr(0, end));
      word.remove_prefix(end);
    }
  }

 private:
  static size_t next_boundary(std::string_view word);

  bool splits_ = false;
};

}  // namespace adze::text
