#include "text/chat_templates/python_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "text/chat_templates/budget.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/print.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja {

namespace {

/// [[fill]align][sign][#][0][width][,][.precision][type]
struct FormatSpec {
  std::string fill = " ";
  char align = '\0';  // < > ^ =
  char sign = '-';    // '-': only negative numbers show one
  bool alternate = false;
  int64_t width = 0;
  char grouping = '\0';  // ',' or '_'
  int precision = -1;
  char type = '\0';
};

bool is_align(std::string_view text) { return !text.empty() && std::string_view("<>^=").find(text[0]) != text.npos; }

char take_any(std::string_view& text, std::string_view choices) {
  if (text.empty() || choices.find(text[0]) == std::string_view::npos) return '\0';
  const char taken = text[0];
  text.remove_prefix(1);
  return taken;
}

/// Reads a count; `limit` bounds what a template may ask for.
int64_t take_count(std::string_view& text, int64_t limit) {
  int64_t count = 0;
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') {
    count = count * 10 + (text[0] - '0');
    if (count > limit) fail(ErrorCode::bad_input, "a width or precision is above {}", limit);
    text.remove_prefix(1);
  }
  return count;
}

FormatSpec read_spec(std::string_view text) {
  FormatSpec spec;
  const std::string whole(text);
  const size_t first = text.empty() ? 0 : decode_utf8(text).bytes;
  if (is_align(text.substr(first))) {
    spec.fill = text.substr(0, first);
    text.remove_prefix(first);
  }
  spec.align = take_any(text, "<>^=");
  if (const char sign = take_any(text, "+- ")) spec.sign = sign;
  spec.alternate = take_any(text, "#") != '\0';
  if (take_any(text, "0") != '\0' && spec.align == '\0') {
    spec.fill = "0";
    spec.align = '=';
  }
  spec.width = take_count(text, kMaxWidth);
  spec.grouping = take_any(text, ",_");
  if (take_any(text, ".") != '\0') spec.precision = static_cast<int>(take_count(text, kMaxPrecision));
  spec.type = take_any(text, "bcdeEfFgGnosxX%");
  if (!text.empty()) fail(ErrorCode::bad_input, "the format '{}' is not understood", whole);
  return spec;
}

std::string pad(const std::string& text, const FormatSpec& spec, char default_align) {
  const auto size = static_cast<int64_t>(count_characters(text));
  if (size >= spec.width) return text;
  const int64_t missing = spec.width - size;
  const char align = spec.align != '\0' ? spec.align : default_align;
  int64_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string out;
  // '=' pads between the sign and the digits.
  const size_t sign_bytes = align == '=' && (text[0] == '-' || text[0] == '+' || text[0] == ' ') ? 1 : 0;
  out += text.substr(0, sign_bytes);
  for (int64_t i = 0; i < before; ++i) out += spec.fill;
  out += text.substr(sign_bytes);
  for (int64_t i = before; i < missing; ++i) out += spec.fill;
  return out;
}

std::string with_sign(std::string digits, bool is_negative, const FormatSpec& spec) {
  if (is_negative) return "-" + digits;
  return spec.sign == '-' ? digits : spec.sign + digits;
}

/// Thousands separators in the whole part.
std::string group_digits(const std::string& digits, char separator) {
  if (separator == '\0') return digits;
  const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  std::string out;
  for (size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % 3 == 0) out += separator;
    out += digits[i];
  }
  return out + digits.substr(whole);
}

std::string integer_digits(uint64_t magnitude, const FormatSpec& spec) {
  switch (spec.type) {
    case 'b':
      return fmt::format("{}{:b}", spec.alternate ? "0b" : "", magnitude);
    case 'o':
      return fmt::format("{}{:o}", spec.alternate ? "0o" : "", magnitude);
    case 'x':
      return fmt::format("{}{:x}", spec.alternate ? "0x" : "", magnitude);
    case 'X':
      return fmt::format("{}{:X}", spec.alternate ? "0X" : "", magnitude);
    default:
      return group_digits(std::to_string(magnitude), spec.grouping);
  }
}

std::string general_digits(double magnitude, const FormatSpec& spec, char type) {
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  if (spec.alternate) return fmt::format(fmt::runtime(type == 'G' ? "{:#.{}G}" : "{:#.{}g}"), magnitude, precision);
  return fmt::format(fmt::runtime(type == 'G' ? "{:.{}G}" : "{:.{}g}"), magnitude, precision);
}

std::string float_digits(double magnitude, const FormatSpec& spec) {
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  if (!std::isfinite(magnitude)) return float_to_text(magnitude);
  switch (spec.type) {
    case 'e':
      return fmt::format("{:.{}e}", magnitude, precision);
    case 'E':
      return fmt::format("{:.{}E}", magnitude, precision);
    case 'g':
    case 'n':
    case 'G':
      return general_digits(magnitude, spec, spec.type);
    case '%':
      return fixed_digits(magnitude * 100, precision) + "%";
    case '\0':
      return spec.precision < 0 ? float_to_text(magnitude) : general_digits(magnitude, spec, 'g');
    default:
      return fixed_digits(magnitude, precision);
  }
}

char32_t checked_character(int64_t value) {
  if (value < 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
    fail(ErrorCode::bad_input, "{} is not the number of a character", value);
  }
  return static_cast<char32_t>(value);
}

std::string format_integer(int64_t value, const FormatSpec& spec) {
  if (spec.type == 'c') return pad(to_utf8(std::u32string(1, checked_character(value))), spec, '<');
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  return pad(with_sign(integer_digits(magnitude, spec), value < 0, spec), spec, '>');
}

std::string format_float(double value, const FormatSpec& spec) {
  const std::string digits = group_digits(float_digits(std::abs(value), spec), spec.grouping);
  return pad(with_sign(digits, std::signbit(value) && !std::isnan(value), spec), spec, '>');
}

std::string first_characters(const std::string& text, int64_t count) {
  return to_utf8(std::u32string_view(utf8_to_code_points(text)).substr(0, static_cast<size_t>(count)));
}

std::string format_string(const std::string& text, const FormatSpec& spec) {
  return pad(spec.precision < 0 ? text : first_characters(text, spec.precision), spec, '<');
}

bool is_integer_type(char type) { return std::string_view("bcdoxXn").find(type) != std::string_view::npos; }

}  // namespace

std::string fixed_digits(double value, int precision) { return fmt::format("{:.{}f}", value, precision); }

std::string format_value(const Value& value, std::string_view specification, Budget& budget) {
  if (specification.empty()) return to_text(value, budget);
  const FormatSpec spec = read_spec(specification);
  budget.spend_bytes(static_cast<uint64_t>(spec.width) + kMaxPrecision);
  if (value.is_string() && (spec.type == '\0' || spec.type == 's')) return format_string(value.as_string(), spec);
  if (value.is_integral() && (spec.type == '\0' || is_integer_type(spec.type))) {
    return format_integer(value.as_integer(), spec);
  }
  if (value.is_number() && !is_integer_type(spec.type) && spec.type != 's')
    return format_float(value.as_number(), spec);
  fail(ErrorCode::bad_input, "the format '{}' does not work on a {}", std::string(specification), value.type_name());
}

}  // namespace adze::text::jinja
