// A position in text that is being parsed: skips blanks and comments, reads words, numbers and quoted strings, and
// fails with line and column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace adze::graph {

/// A bare word is a letter or '_' followed by letters, digits, '_' and '.': ops, storage types, symbols, attributes.
bool is_word(std::string_view text);

/// A bare name is what may follow '%': letters, digits, "_./-", and ':' between two of them.
bool is_bare_name(std::string_view text);

/// Between double quotes with \" \\ \n \t \xHH; bytes that are not UTF-8 are escaped too, so that the text is UTF-8.
std::string in_quotes(std::string_view text);
std::string word_or_quoted(std::string_view text);

class TextCursor {
 public:
  /// `text` must outlive the cursor.
  explicit TextCursor(std::string_view text) : text_(text) { skip_blanks(); }

  bool at_end() const { return position_ == text_.size(); }
  bool next_is(std::string_view symbol) const { return text_.substr(position_).starts_with(symbol); }
  /// Consumes a punctuation mark or returns false.
  bool accept(std::string_view symbol);
  void expect(std::string_view symbol);
  /// Consumes a whole bare word or returns false.
  bool accept_word(std::string_view word);

  std::string word(std::string_view what);            // bare
  std::string word_or_string(std::string_view what);  // bare or quoted
  std::string name(std::string_view what);            // a bare name (without the '%') or quoted
  std::string string(std::string_view what);          // quoted
  int64_t integer(std::string_view what);             // decimal, optional sign
  /// The longest run of characters that numbers are made of, as it stands.
  std::string_view number_text();
  /// The digits of "0x…", perhaps none.
  std::string_view hex_literal();

  bool next_is_string() const { return next_is("\""); }
  bool next_is_word() const;
  bool next_is_integer() const;

  /// Throws Error(bad_input) "line 3, column 7: …".
  template <typename... Args>
  [[noreturn]] void fail_here(fmt::format_string<Args...> format, Args&&... args) const {
    fail_at(position_, fmt::vformat(format, fmt::make_format_args(args...)));
  }
  size_t position() const { return position_; }
  [[noreturn]] void fail_at(size_t position, std::string_view message) const;

 private:
  void skip_blanks();
  std::string_view take(size_t length);
  char escaped_character();

  std::string_view text_;
  size_t position_ = 0;
};

}  // namespace adze::graph
