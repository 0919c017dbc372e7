#include "graph/text_cursor.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/utf8.h"

namespace adze::graph {
namespace {

// Locale-free on purpose: text means the same on every machine.
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_word_character(char c) { return is_letter(c) || is_digit(c) || c == '.'; }
bool is_name_character(char c) { return is_word_character(c) || c == '/' || c == '-'; }
bool is_number_character(char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '+' || c == '-'; }

template <typename Predicate>
size_t run_length(std::string_view text, Predicate predicate) {
  return static_cast<size_t>(std::find_if_not(text.begin(), text.end(), predicate) - text.begin());
}

size_t word_length(std::string_view text) {
  return text.empty() || !is_letter(text[0]) ? 0 : run_length(text, is_word_character);
}

size_t name_length(std::string_view text) {
  size_t length = run_length(text, is_name_character);
  // A ':' belongs to the name only between two name characters: "%split:0: f32[]".
  while (length > 0 && length + 1 < text.size() && text[length] == ':' && is_name_character(text[length + 1])) {
    length += 1 + run_length(text.substr(length + 1), is_name_character);
  }
  return length;
}

std::string escaped(std::string_view bytes, bool valid) {
  if (bytes == "\"") return "\\\"";
  if (bytes == "\\") return "\\\\";
  if (bytes == "\n") return "\\n";
  if (bytes == "\t") return "\\t";
  const auto first = static_cast<unsigned char>(bytes[0]);
  if (valid && first >= 0x20 && first != 0x7F) return std::string(bytes);
  std::string out;
  for (const char byte : bytes) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
  return out;
}

}  // namespace

bool is_word(std::string_view text) { return !text.empty() && word_length(text) == text.size(); }

bool is_bare_name(std::string_view text) { return !text.empty() && name_length(text) == text.size(); }

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    out += escaped(text.substr(0, character.bytes), character.valid);
    text.remove_prefix(character.bytes);
  }
  return out + "\"";
}

std::string word_or_quoted(std::string_view text) { return is_word(text) ? std::string(text) : in_quotes(text); }

void TextCursor::skip_blanks() {
  while (position_ < text_.size()) {
    if (text_[position_] == '#') {
      position_ = std::min(text_.find('\n', position_), text_.size());
    } else if (std::string_view(" \t\r\n").find(text_[position_]) != std::string_view::npos) {
      ++position_;
    } else {
      return;
    }
  }
}

std::string_view TextCursor::take(size_t length) {
  const auto taken = text_.substr(position_, length);
  position_ += taken.size();
  skip_blanks();
  return taken;
}

bool TextCursor::accept(std::string_view symbol) {
  if (!next_is(symbol)) return false;
  take(symbol.size());
  return true;
}

void TextCursor::expect(std::string_view symbol) {
  if (!accept(symbol)) fail_here("expected '{}'", symbol);
}

bool TextCursor::next_is_word() const { return word_length(text_.substr(position_)) > 0; }

bool TextCursor::next_is_integer() const {
  const auto rest = text_.substr(position_);
  const size_t sign = rest.starts_with('-') ? 1 : 0;
  return rest.size() > sign && is_digit(rest[sign]);
}

bool TextCursor::accept_word(std::string_view word) {
  const auto rest = text_.substr(position_);
  if (word_length(rest) != word.size() || !rest.starts_with(word)) return false;
  take(word.size());
  return true;
}

std::string TextCursor::word(std::string_view what) {
  const size_t length = word_length(text_.substr(position_));
  if (length == 0) fail_here("expected {}", what);
  return std::string(take(length));
}

std::string TextCursor::word_or_string(std::string_view what) { return next_is_string() ? string(what) : word(what); }

std::string TextCursor::name(std::string_view what) {
  if (next_is_string()) return string(what);
  const size_t length = name_length(text_.substr(position_));
  if (length == 0) fail_here("expected {}", what);
  return std::string(take(length));
}

char TextCursor::escaped_character() {
  const auto rest = text_.substr(position_);
  if (rest.size() >= 4 && rest[1] == 'x' && is_hex_digit(rest[2]) && is_hex_digit(rest[3])) {
    unsigned value = 0;
    std::from_chars(rest.data() + 2, rest.data() + 4, value, 16);
    position_ += 4;
    return static_cast<char>(value);
  }
  const size_t known = rest.size() < 2 ? std::string_view::npos : std::string_view("\"\\nt").find(rest[1]);
  if (known == std::string_view::npos) fail_here("unknown escape; known are \\\" \\\\ \\n \\t \\xHH");
  position_ += 2;
  return "\"\\\n\t"[known];
}

std::string TextCursor::string(std::string_view what) {
  const size_t start = position_;
  if (!next_is_string()) fail_here("expected {}", what);
  ++position_;
  std::string out;
  while (position_ < text_.size() && text_[position_] != '"') {
    if (text_[position_] == '\\') {
      out += escaped_character();
    } else {
      out += text_[position_++];
    }
  }
  if (position_ == text_.size()) fail_at(start, "string is not closed");
  take(1);
  return out;
}

int64_t TextCursor::integer(std::string_view what) {
  const auto rest = text_.substr(position_);
  const size_t sign = rest.starts_with('-') ? 1 : 0;
  const size_t length = sign + run_length(rest.substr(std::min(sign, rest.size())), is_digit);
  int64_t value = 0;
  const auto result = std::from_chars(rest.data(), rest.data() + length, value);
  if (result.ec == std::errc::result_out_of_range) fail_here("{} does not fit 64 bits", what);
  if (result.ec != std::errc() || length == sign) fail_here("expected {}", what);
  take(length);
  return value;
}

std::string_view TextCursor::number_text() { return take(run_length(text_.substr(position_), is_number_character)); }

std::string_view TextCursor::hex_literal() {
  if (!next_is("0x")) fail_here("expected '0x'");
  return take(2 + run_length(text_.substr(position_ + 2), is_hex_digit)).substr(2);
}

void TextCursor::fail_at(size_t position, std::string_view message) const {
  const auto before = text_.substr(0, position);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const size_t newline = before.rfind('\n');
  const size_t column = newline == std::string_view::npos ? position + 1 : position - newline;
  fail(ErrorCode::bad_input, "line {}, column {}: {}", line, column, message);
}

}  // namespace adze::graph
