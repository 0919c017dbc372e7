// SentencePiece's precompiled character map: a trie of byte sequences and what each is replaced by.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/growth_limit.h"

namespace adze::text {

/// Layout: u32 n | n bytes of u32 double-array units (Darts-clone) | zero-terminated replacement strings.
class CharacterMap {
 public:
  /// Throws Error(bad_input) when the sizes do not fit.
  explicit CharacterMap(std::string_view bytes);

  /// Replaces, from the left, the longest sequence that the map knows; other characters stay.
  /// Throws Error(bad_input) beyond the limit.
  std::string apply(std::string_view text, const GrowthLimit& limit) const;

 private:
  struct Found {
    size_t bytes = 0;  // of the key; 0: none
    size_t replacement = 0;
  };
  Found longest(std::string_view text) const;
  uint32_t unit(size_t index) const { return index < units_.size() ? units_[index] : 0; }

  std::vector<uint32_t> units_;
  std::string replacements_;
};

}  // namespace adze::text
