// UTF-8 decoding that never trusts its input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace adze {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

struct Utf8Character {
  char32_t code_point = 0;  // kReplacementCharacter when !valid
  size_t bytes = 0;         // consumed; for invalid input the maximal invalid prefix, as Python's 'replace' counts it
  bool valid = true;
};

/// Decodes the character at the start of `text` (REQUIRES: not empty).
Utf8Character decode_utf8(std::string_view text);
void append_utf8(std::string& out, char32_t code_point);
bool is_valid_utf8(std::string_view text);

/// Invalid bytes become U+FFFD exactly as Python's `bytes.decode('utf-8', errors='replace')` does it.
std::string replace_invalid_utf8(std::string_view text);
std::u32string utf8_to_code_points(std::string_view text);

/// How many bytes at the end of `text` are the beginning of a character that is not complete yet (0 to 3).
size_t incomplete_utf8_suffix(std::string_view text);

}  // namespace adze
