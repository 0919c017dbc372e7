#include "text/grammars/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "text/grammars/decimal_ranges.h"

namespace adze::text {
namespace {

constexpr uint32_t kMaxIndent = 20;
constexpr uint32_t kMaxExponentDigits = 2;

constexpr std::array<std::pair<char32_t, std::string_view>, 7> kShortEscapes{
    {{'"', "\\\""}, {'\\', "\\\\"}, {'\b', "\\b"}, {'\f', "\\f"}, {'\n', "\\n"}, {'\r', "\\r"}, {'\t', "\\t"}}};

const CharacterSet& unescaped() {
  static const CharacterSet set = CharacterSet{{0x20, kLastCharacter}}.without({{'"', '"'}, {'\\', '\\'}});
  return set;
}

const CharacterSet& hexadecimal() {
  static const CharacterSet set{{'0', '9'}, {'A', 'F'}, {'a', 'f'}};
  return set;
}

std::string_view short_escape(char32_t character) {
  for (const auto& [escaped, text] : kShortEscapes) {
    if (escaped == character) return text;
  }
  return {};
}

}  // namespace

// A rule that may refer to itself while it is made.
template <typename Make>
ExpressionId JsonText::once(Made& made, const char* name, Make&& make) {
  if (!made.is_made) {
    made.is_made = true;
    made.rule = grammar_.add_rule(name);
    grammar_.define(made.rule, make());
  }
  return grammar_.reference(made.rule);
}

ExpressionId JsonText::space() {
  return once(space_, "space", [&] { return make_space(); });
}

ExpressionId JsonText::make_space() {
  const auto line_ends = grammar_.repeat(grammar_.text("\n"), 1, 2);
  const auto indent = grammar_.repeat(grammar_.characters({{' ', ' '}, {'\t', '\t'}}), 0, kMaxIndent);
  return grammar_.optional(grammar_.choice({grammar_.text(" "), grammar_.sequence({line_ends, indent})}));
}

ExpressionId JsonText::any_character() {
  return once(character_, "character", [&] { return make_character(); });
}

// Escaped surrogates come in pairs only: alone they are no character.
ExpressionId JsonText::make_character() {
  const auto hex = grammar_.characters(hexadecimal());
  const auto one_of = [&](CharacterSet set) { return grammar_.characters(std::move(set)); };
  const auto d = one_of({{'D', 'D'}, {'d', 'd'}});
  const auto below_d = one_of(hexadecimal().without({{'D', 'D'}, {'d', 'd'}}));
  const auto low_digit = one_of({{'C', 'F'}, {'c', 'f'}});
  const auto high_digit = one_of({{'8', '9'}, {'A', 'B'}, {'a', 'b'}});
  const auto scalar = grammar_.choice({grammar_.sequence({below_d, grammar_.repeat(hex, 3, 3)}),
                                       grammar_.sequence({d, one_of({{'0', '7'}}), grammar_.repeat(hex, 2, 2)})});
  const auto pair = grammar_.sequence(
      {d, high_digit, grammar_.repeat(hex, 2, 2), grammar_.text("\\u"), d, low_digit, grammar_.repeat(hex, 2, 2)});
  const auto letter =
      one_of({{'"', '"'}, {'/', '/'}, {'\\', '\\'}, {'b', 'b'}, {'f', 'f'}, {'n', 'n'}, {'r', 'r'}, {'t', 't'}});
  const auto unicode = grammar_.sequence({grammar_.text("u"), grammar_.choice({scalar, pair})});
  return grammar_.choice(
      {grammar_.characters(unescaped()), grammar_.sequence({grammar_.text("\\"), grammar_.choice({letter, unicode})})});
}

ExpressionId JsonText::character_of(const CharacterSet& set) {
  std::vector<ExpressionId> ways;
  if (auto plain = set.intersected(unescaped()); !plain.is_empty())
    ways.push_back(grammar_.characters(std::move(plain)));
  const CharacterSet escaped = set.without(unescaped());
  for (const CharacterRange& range : escaped.ranges()) {
    for (char32_t character = range.first; character <= range.last; ++character) {
      const auto text = short_escape(character);
      ways.push_back(
          grammar_.text(text.empty() ? fmt::format("\\u{:04x}", static_cast<uint32_t>(character)) : std::string(text)));
    }
  }
  return grammar_.choice(std::move(ways));
}

ExpressionId JsonText::string_of(ExpressionId characters) {
  return grammar_.sequence({grammar_.text("\""), characters, grammar_.text("\"")});
}

ExpressionId JsonText::string_except(std::vector<std::u32string> texts) {
  std::sort(texts.begin(), texts.end());
  return string_of(text_except(texts, 0));
}

// What is none of `texts`, which are alike in front of `place`. Escapes are written in one way only, so that no text is
// hidden behind another spelling.
ExpressionId JsonText::text_except(const std::vector<std::u32string>& texts, size_t place) {
  const auto rest = once(plain_characters_, "plain-characters",
                         [&] { return grammar_.repeat(character_of(CharacterSet::all()), 0, kUnbounded); });
  std::map<char32_t, std::vector<std::u32string>> by_next;
  bool may_end = true;
  for (const std::u32string& text : texts) {
    if (text.size() == place) {
      may_end = false;
    } else {
      by_next[text[place]].push_back(text);
    }
  }
  CharacterSet others = CharacterSet::all();
  std::vector<ExpressionId> ways;
  if (may_end) ways.push_back(grammar_.nothing());
  for (const auto& [next, longer] : by_next) {
    others = others.without({{next, next}});
    ways.push_back(grammar_.sequence({character_of({{next, next}}), text_except(longer, place + 1)}));
  }
  ways.push_back(grammar_.sequence({character_of(others), rest}));
  return grammar_.choice(std::move(ways));
}

ExpressionId JsonText::any_value() {
  return once(value_, "value", [&] {
    return grammar_.choice({any_object(), any_array(), any_string(), any_number(), boolean(), grammar_.text("null")});
  });
}

ExpressionId JsonText::any_object() {
  return once(object_, "object", [&] { return bracketed("{", list_of(member(any_string(), any_value())), "}"); });
}

ExpressionId JsonText::any_array() {
  return once(array_, "array", [&] { return bracketed("[", list_of(any_value()), "]"); });
}

ExpressionId JsonText::any_string() {
  return once(string_, "string", [&] { return string_of(grammar_.repeat(any_character(), 0, kUnbounded)); });
}

ExpressionId JsonText::digits(uint32_t min, uint32_t max) {
  return grammar_.repeat(grammar_.characters({{'0', '9'}}), min, max);
}

ExpressionId JsonText::integer_part() {
  return grammar_.choice(
      {grammar_.text("0"), grammar_.sequence({grammar_.characters({{'1', '9'}}), digits(0, kMaxIntegerDigits - 1)})});
}

ExpressionId JsonText::any_number() {
  return once(number_, "number", [&] {
    const auto fraction = grammar_.sequence({grammar_.text("."), digits(1, kMaxFractionDigits)});
    const auto sign = grammar_.optional(grammar_.characters({{'+', '+'}, {'-', '-'}}));
    const auto exponent =
        grammar_.sequence({grammar_.characters({{'E', 'E'}, {'e', 'e'}}), sign, digits(1, kMaxExponentDigits)});
    return grammar_.sequence({grammar_.optional(grammar_.text("-")), integer_part(), grammar_.optional(fraction),
                              grammar_.optional(exponent)});
  });
}

ExpressionId JsonText::any_integer() {
  return once(integer_, "integer", [&] { return add_integers(grammar_, {}); });
}

ExpressionId JsonText::boolean() { return grammar_.choice({grammar_.text("true"), grammar_.text("false")}); }

ExpressionId JsonText::constant(const Json& value) {
  if (!value.is_structured() || value.empty()) return grammar_.text(value.dump());
  std::vector<ExpressionId> parts;
  for (const auto& [key, part] : value.items()) {
    const auto made = value.is_object() ? member(grammar_.text(Json(key).dump()), constant(part)) : constant(part);
    parts.push_back(parts.empty() ? made : behind_comma(made));
  }
  const auto all = grammar_.sequence(std::move(parts));
  return value.is_object() ? bracketed("{", all, "}") : bracketed("[", all, "]");
}

// Any number of `part`, none too.
ExpressionId JsonText::list_of(ExpressionId part) {
  return grammar_.optional(grammar_.sequence({part, grammar_.repeat(behind_comma(part), 0, kUnbounded)}));
}

ExpressionId JsonText::bracketed(std::string_view open, ExpressionId parts, std::string_view close) {
  return grammar_.sequence({grammar_.text(open), space(), parts, space(), grammar_.text(close)});
}

ExpressionId JsonText::behind_comma(ExpressionId part) {
  return grammar_.sequence({grammar_.text(","), space(), part});
}

ExpressionId JsonText::member(ExpressionId key, ExpressionId value) {
  return grammar_.sequence({key, grammar_.text(":"), space(), value});
}

}  // namespace adze::text
