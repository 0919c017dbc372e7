#include "text/chat_templates/literals.h"

#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/utf8.h"

namespace adze::text::jinja {

namespace {

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return 16;
}

/// Bytes of digits below `base` at the start of `text`, single underscores between them included.
size_t digit_run(std::string_view text, int base) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const bool has_underscore = text[bytes] == '_' && bytes > 0;
    const size_t at = bytes + (has_underscore ? 1 : 0);
    if (at >= text.size() || digit_value(text[at]) >= base) break;
    bytes = at + 1;
  }
  return bytes;
}

std::string without_underscores(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '_') out += c;
  }
  return out;
}

size_t fraction_bytes(std::string_view text) {
  if (!text.starts_with(".")) return 0;
  const size_t digits = digit_run(text.substr(1), 10);
  return digits > 0 ? digits + 1 : 0;
}

size_t exponent_bytes(std::string_view text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  const size_t sign = text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 1 : 0;
  const size_t digits = digit_run(text.substr(1 + sign), 10);
  return digits > 0 ? 1 + sign + digits : 0;
}

NumberLiteral read_integer(std::string_view text, int base, size_t prefix_bytes) {
  NumberLiteral number;
  number.bytes = prefix_bytes + digit_run(text.substr(prefix_bytes), base);
  const std::string digits = without_underscores(text.substr(prefix_bytes, number.bytes - prefix_bytes));
  const auto result = std::from_chars(digits.data(), digits.data() + digits.size(), number.integer, base);
  if (result.ec != std::errc()) number.error = "this integer does not fit 64 bits";
  return number;
}

std::optional<int> base_of_prefix(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return std::nullopt;
  const char letter = static_cast<char>(text[1] | 0x20);
  const int base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
  if (base == 0 || digit_run(text.substr(text[2] == '_' ? 3 : 2), base) == 0) return std::nullopt;
  return base;
}

/// Replaces one escape after another; `at_` is always behind a backslash when one is read.
class Unescaper {
 public:
  explicit Unescaper(std::string_view quoted) : text_(quoted) {}

  UnescapedString run() {
    while (at_ < text_.size() && result_.error.empty()) {
      if (text_[at_] != '\\' || at_ + 1 == text_.size()) {
        result_.text += text_[at_++];
        continue;
      }
      ++at_;
      read_escape(text_[at_++]);
    }
    return std::move(result_);
  }

 private:
  void read_escape(char letter) {
    switch (letter) {
      case '\n':
        return;
      case 'n':
        result_.text += '\n';
        return;
      case 't':
        result_.text += '\t';
        return;
      case 'r':
        result_.text += '\r';
        return;
      case 'a':
        result_.text += '\a';
        return;
      case 'b':
        result_.text += '\b';
        return;
      case 'f':
        result_.text += '\f';
        return;
      case 'v':
        result_.text += '\v';
        return;
      case '\\':
      case '\'':
      case '"':
        result_.text += letter;
        return;
      case 'x':
        return read_hexadecimal(2);
      case 'u':
        return read_hexadecimal(4);
      case 'U':
        return read_hexadecimal(8);
      default:
        break;
    }
    if (letter >= '0' && letter <= '7') return read_octal(letter);
    result_.text += '\\';
    result_.text += letter;
  }

  void append(uint32_t code_point) {
    const bool is_surrogate = code_point >= 0xD800 && code_point < 0xE000;
    append_utf8(result_.text, is_surrogate ? kReplacementCharacter : static_cast<char32_t>(code_point));
  }

  void read_hexadecimal(size_t digits) {
    uint32_t code_point = 0;
    for (size_t i = 0; i < digits; ++i, ++at_) {
      const int digit = at_ < text_.size() ? digit_value(text_[at_]) : 16;
      if (digit == 16) {
        result_.error = "an escape in this string needs " + std::to_string(digits) + " hexadecimal digits";
        return;
      }
      code_point = code_point * 16 + static_cast<uint32_t>(digit);
    }
    if (code_point > 0x10FFFF) {
      result_.error = "an escape in this string is beyond the last Unicode character";
      return;
    }
    append(code_point);
  }

  void read_octal(char first) {
    auto code_point = static_cast<uint32_t>(first - '0');
    for (int i = 0; i < 2 && at_ < text_.size() && digit_value(text_[at_]) < 8; ++i, ++at_) {
      code_point = code_point * 8 + static_cast<uint32_t>(digit_value(text_[at_]));
    }
    append(code_point);
  }

  std::string_view text_;
  size_t at_ = 0;
  UnescapedString result_;
};

}  // namespace

NumberLiteral read_number_literal(std::string_view text, bool may_be_float) {
  if (const auto base = base_of_prefix(text)) return read_integer(text, *base, text[2] == '_' ? 3 : 2);
  const size_t whole = digit_run(text, 10);
  const size_t fraction = fraction_bytes(text.substr(whole));
  const size_t exponent = exponent_bytes(text.substr(whole + fraction));
  if (!may_be_float || fraction + exponent == 0) return read_integer(text, 10, 0);
  NumberLiteral number;
  number.is_float = true;
  number.bytes = whole + fraction + exponent;
  const std::string digits = without_underscores(text.substr(0, number.bytes));
  number.floating = std::strtod(digits.c_str(), nullptr);  // infinite when too large, as in Python
  return number;
}

UnescapedString unescape_string(std::string_view quoted) { return Unescaper(quoted).run(); }

}  // namespace adze::text::jinja
