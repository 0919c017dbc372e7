// Patterns of PCRE2 that find texts as they are spelled.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace adze::formats {

/// Matches `text` (UTF-8) alone.
std::string literal_pattern(std::string_view text);

/// Matches the longest of the texts that begins at a place; without any, nothing. Error(unsupported) where so many are
/// beginnings of one another that PCRE2 would not compile it.
std::string longest_pattern(std::vector<std::string> texts);

/// Matches one of the characters; with `others`, one that is none of them.
std::string character_pattern(std::vector<char32_t> characters, bool others);

/// An added token, as it is to be found in a text.
struct SearchedToken {
  std::string text;
  int32_t id = 0;
  bool single_word = false;
  bool lstrip = false;
  bool rstrip = false;
};

/// Matches the longest token that begins at a place, with the white space that it swallows; the token alone is the only
/// group that takes part. Error(unsupported) where tokens of different kinds begin alike.
std::string added_tokens_pattern(const std::vector<SearchedToken>& tokens);

}  // namespace adze::formats
