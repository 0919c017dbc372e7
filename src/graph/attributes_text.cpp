#include "graph/attributes_text.h"

#include <fmt/format.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <type_traits>

namespace adze::graph {
namespace {

constexpr uint64_t kPlainNan = 0x7FF8000000000000u;

// Reads back bit-equal: shortest round-trip digits, and the payload of a NaN that is not the plain one.
std::string number_text(double number) {
  const auto bits = std::bit_cast<uint64_t>(number);
  if (std::isnan(number)) return bits == kPlainNan ? "nan" : fmt::format("nan(0x{:x})", bits);
  const auto text = fmt::format("{}", number);
  return text.find_first_of(".einf") == std::string::npos ? text + ".0" : text;
}

std::string number_text(int64_t number) { return fmt::format("{}", number); }

template <typename T>
std::string list_text(const std::vector<T>& list) {
  std::string text = "[";
  for (const T item : list) text += (text.size() > 1 ? ", " : "") + number_text(item);
  return text + "]";
}

struct AttributeText {
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(int64_t number) const { return number_text(number); }
  std::string operator()(double number) const { return number_text(number); }
  std::string operator()(const std::string& text) const { return in_quotes(text); }
  std::string operator()(const std::vector<int64_t>& list) const { return list_text(list); }
  std::string operator()(const std::vector<double>& list) const { return list.empty() ? "floats[]" : list_text(list); }
};

using Number = std::variant<int64_t, double>;

template <typename T>
T whole_number(const TextCursor& cursor, size_t start, std::string_view text, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  std::from_chars_result result;
  if constexpr (std::is_floating_point_v<T>) {
    result = std::from_chars(text.data(), end, value);
  } else {
    result = std::from_chars(text.data(), end, value, base);
  }
  if (result.ec != std::errc() || result.ptr != end || text.empty()) {
    cursor.fail_at(start, fmt::format("'{}' is not a number that fits 64 bits", text));
  }
  return value;
}

Number parse_nan(TextCursor& cursor) {
  if (!cursor.accept("(")) return std::bit_cast<double>(kPlainNan);
  const size_t start = cursor.position();
  const auto bits = whole_number<uint64_t>(cursor, start, cursor.hex_literal(), 16);
  cursor.expect(")");
  const auto number = std::bit_cast<double>(bits);
  if (number == number) cursor.fail_at(start, "these bits are not those of a NaN");
  return number;
}

Number parse_number(TextCursor& cursor) {
  const size_t start = cursor.position();
  const auto text = cursor.number_text();
  if (text == "nan") return parse_nan(cursor);
  const bool is_integer = text.find_first_not_of("-0123456789") == std::string_view::npos;
  if (is_integer) return whole_number<int64_t>(cursor, start, text);
  return whole_number<double>(cursor, start, text);
}

Attribute parse_list(TextCursor& cursor) {
  std::vector<int64_t> integers;
  std::vector<double> numbers;
  cursor.expect("[");
  while (!cursor.accept("]")) {
    if (!numbers.empty()) cursor.expect(",");
    const Number number = parse_number(cursor);
    if (const auto* integer = std::get_if<int64_t>(&number)) integers.push_back(*integer);
    numbers.push_back(std::visit([](auto n) { return static_cast<double>(n); }, number));
  }
  if (integers.size() == numbers.size()) return integers;
  return numbers;
}

Attribute parse_attribute(TextCursor& cursor) {
  if (cursor.next_is_string()) return cursor.string("a string");
  if (cursor.next_is("[")) return parse_list(cursor);
  if (cursor.accept_word("true")) return true;
  if (cursor.accept_word("false")) return false;
  if (cursor.accept_word("floats")) {
    cursor.expect("[");
    cursor.expect("]");
    return std::vector<double>{};
  }
  return std::visit([](auto number) { return Attribute(number); }, parse_number(cursor));
}

}  // namespace

std::string attributes_text(const Attributes& attributes) {
  std::string text;
  for (const auto& [key, value] : attributes) {
    text += (text.empty() ? "{" : ", ") + word_or_quoted(key) + "=" + std::visit(AttributeText{}, value);
  }
  return text.empty() ? text : text + "}";
}

Attributes parse_attributes(TextCursor& cursor) {
  Attributes attributes;
  if (!cursor.accept("{")) return attributes;
  do {
    const size_t start = cursor.position();
    auto key = cursor.word_or_string("an attribute's name");
    cursor.expect("=");
    if (!attributes.emplace(key, parse_attribute(cursor)).second) {
      cursor.fail_at(start, fmt::format("attribute '{}' is given twice", key));
    }
  } while (cursor.accept(","));
  cursor.expect("}");
  return attributes;
}

}  // namespace adze::graph
