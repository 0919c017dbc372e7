// Upper, lower and title case, and the character classes of Python's str.is...() methods.
#include <utf8proc.h>

#include <algorithm>

#include "base/utf8.h"
#include "text/chat_templates/python_string.h"
#include "text/chat_templates/special_casing.h"

namespace adze::text::jinja {

namespace {

constexpr char32_t kCapitalDottedI = 0x130;
constexpr char32_t kCombiningDotAbove = 0x307;
constexpr char32_t kCapitalSigma = 0x3A3;
constexpr char32_t kSmallSigma = 0x3C3;
constexpr char32_t kFinalSigma = 0x3C2;

utf8proc_int32_t code(char32_t character) { return static_cast<utf8proc_int32_t>(character); }
utf8proc_category_t category(char32_t character) { return utf8proc_category(code(character)); }

const SpecialCasing* find_special_casing(char32_t character) {
  const auto found = std::lower_bound(kSpecialCasing.begin(), kSpecialCasing.end(), character,
                                      [](const SpecialCasing& row, char32_t wanted) { return row.character < wanted; });
  return found != kSpecialCasing.end() && found->character == character ? &*found : nullptr;
}

void append_upper(std::u32string& out, char32_t character) {
  if (const SpecialCasing* special = find_special_casing(character)) {
    out += special->upper;
  } else {
    out += static_cast<char32_t>(utf8proc_toupper(code(character)));
  }
}

void append_title(std::u32string& out, char32_t character) {
  if (const SpecialCasing* special = find_special_casing(character)) {
    out += special->title;
  } else {
    out += static_cast<char32_t>(utf8proc_totitle(code(character)));
  }
}

bool is_upper(char32_t c) { return utf8proc_isupper(code(c)) != 0 && category(c) != UTF8PROC_CATEGORY_LT; }
bool is_lower(char32_t c) { return utf8proc_islower(code(c)) != 0; }
bool is_cased(char32_t c) { return is_upper(c) || is_lower(c) || category(c) == UTF8PROC_CATEGORY_LT; }

/// A capital sigma at the end of a word becomes a final sigma.
bool ends_word(std::u32string_view text, size_t at) {
  const bool starts = at == 0 || !is_cased(text[at - 1]);
  const bool continues = at + 1 < text.size() && is_cased(text[at + 1]);
  return !starts && !continues;
}

void append_lower(std::u32string& out, std::u32string_view text, size_t at) {
  if (text[at] == kCapitalDottedI) {
    out += U'i';
    out += kCombiningDotAbove;
  } else if (text[at] == kCapitalSigma) {
    out += ends_word(text, at) ? kFinalSigma : kSmallSigma;
  } else {
    out += static_cast<char32_t>(utf8proc_tolower(code(text[at])));
  }
}

bool is_alphabetic(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind >= UTF8PROC_CATEGORY_LU && kind <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t c) { return category(c) == UTF8PROC_CATEGORY_ND; }

/// Superscripts and enclosed digits are digits without being decimal.
bool is_digit(char32_t c) {
  return is_decimal(c) || c == 0xB2 || c == 0xB3 || c == 0xB9 || c == 0x2070 || (c >= 0x2074 && c <= 0x2079) ||
         (c >= 0x2080 && c <= 0x2089) || (c >= 0x2460 && c <= 0x2468);
}

bool is_numeric(char32_t c) {
  const utf8proc_category_t kind = category(c);
  return kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_NO;
}

bool is_in_class(char32_t c, CharacterClass wanted) {
  switch (wanted) {
    case CharacterClass::alphabetic:
      return is_alphabetic(c);
    case CharacterClass::decimal:
      return is_decimal(c);
    case CharacterClass::digit:
      return is_digit(c);
    case CharacterClass::numeric:
      return is_numeric(c);
    case CharacterClass::alphanumeric:
      return is_alphabetic(c) || is_numeric(c);
    case CharacterClass::space:
      return is_space(c);
    case CharacterClass::ascii:
      return c < 0x80;
    default:
      return false;
  }
}

/// str.islower() and str.isupper(): at least one cased character, and none of the other case.
bool all_cased_are(std::u32string_view text, CharacterClass wanted) {
  const bool wants_lower = wanted == CharacterClass::lower;
  bool found = false;
  for (const char32_t c : text) {
    if (!is_cased(c)) continue;
    if ((wants_lower && !is_lower(c)) || (!wants_lower && !is_upper(c))) return false;
    found = true;
  }
  return found;
}

bool is_title_cased(std::u32string_view text) {
  bool found = false;
  bool in_word = false;
  for (const char32_t c : text) {
    const bool starts_word = is_upper(c) || category(c) == UTF8PROC_CATEGORY_LT;
    if ((starts_word && in_word) || (is_lower(c) && !in_word)) return false;
    in_word = is_cased(c);
    found = found || in_word;
  }
  return found;
}

}  // namespace

std::string to_upper(std::string_view text) {
  std::u32string out;
  for (const char32_t character : utf8_to_code_points(text)) append_upper(out, character);
  return to_utf8(out);
}

std::string to_lower(std::string_view text) {
  const std::u32string characters = utf8_to_code_points(text);
  std::u32string out;
  for (size_t i = 0; i < characters.size(); ++i) append_lower(out, characters, i);
  return to_utf8(out);
}

std::string to_title(std::string_view text) {
  const std::u32string characters = utf8_to_code_points(text);
  std::u32string out;
  bool in_word = false;
  for (size_t i = 0; i < characters.size(); ++i) {
    if (in_word) {
      append_lower(out, characters, i);
    } else {
      append_title(out, characters[i]);
    }
    in_word = is_cased(characters[i]);
  }
  return to_utf8(out);
}

std::string capitalize(std::string_view text) {
  const std::u32string characters = utf8_to_code_points(text);
  std::u32string out;
  for (size_t i = 0; i < characters.size(); ++i) {
    if (i == 0) {
      append_title(out, characters[i]);
    } else {
      append_lower(out, characters, i);
    }
  }
  return to_utf8(out);
}

std::string swap_case(std::string_view text) {
  const std::u32string characters = utf8_to_code_points(text);
  std::u32string out;
  for (size_t i = 0; i < characters.size(); ++i) {
    if (is_upper(characters[i])) {
      append_lower(out, characters, i);
    } else if (is_lower(characters[i])) {
      append_upper(out, characters[i]);
    } else {
      out += characters[i];
    }
  }
  return to_utf8(out);
}

bool all_characters_are(std::string_view text, CharacterClass wanted) {
  const std::u32string characters = utf8_to_code_points(text);
  if (wanted == CharacterClass::lower || wanted == CharacterClass::upper) return all_cased_are(characters, wanted);
  if (wanted == CharacterClass::title) return is_title_cased(characters);
  if (characters.empty()) return wanted == CharacterClass::ascii;
  return std::all_of(characters.begin(), characters.end(), [&](char32_t c) { return is_in_class(c, wanted); });
}

bool is_word_character(char32_t character) {
  return character == '_' || is_in_class(character, CharacterClass::alphanumeric);
}

}  // namespace adze::text::jinja
