// Number and string literals of the template language.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace adze::text::jinja {

struct NumberLiteral {
  size_t bytes = 0;  // consumed
  bool is_float = false;
  int64_t integer = 0;
  double floating = 0;
  std::string error;  // empty when the literal is good
};
/// Decimal, 0x, 0o and 0b integers and floats, with single underscores between digits. REQUIRES: starts with a digit.
NumberLiteral read_number_literal(std::string_view text, bool may_be_float);

struct UnescapedString {
  std::string text;
  std::string error;  // empty when the escapes are good
};
/// Replaces Python's escapes: \n, \x41, \u00e9, \U0001f600, octal, an escaped newline; unknown ones stay as they are.
UnescapedString unescape_string(std::string_view quoted);

}  // namespace adze::text::jinja
