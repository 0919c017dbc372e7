#include "text/grammars/regex_parser.h"

#include <optional>
#include <utility>

#include "text/grammars/source_cursor.h"

namespace adze::text {
namespace {

constexpr int kMaxNesting = 200;

const CharacterSet& digits() {
  static const CharacterSet set{{'0', '9'}};
  return set;
}

const CharacterSet& word_characters() {
  static const CharacterSet set{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
  return set;
}

const CharacterSet& white_space() {
  static const CharacterSet set{{'\t', '\r'},     {' ', ' '},       {0xA0, 0xA0},     {0x1680, 0x1680},
                                {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F},
                                {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
  return set;
}

const CharacterSet& line_ends() {
  static const CharacterSet set{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};
  return set;
}

class RegexParser {
 public:
  RegexParser(Grammar& grammar, std::string_view pattern, const std::string& name, RegexOptions options)
      : grammar_(grammar), cursor_(pattern, name), options_(std::move(options)) {}

  ExpressionId parse() {
    std::vector<ExpressionId> alternatives;
    do {
      alternatives.push_back(parse_anchored());
    } while (cursor_.take_if("|"));
    if (!cursor_.at_end()) cursor_.refuse(ErrorCode::bad_input, "')' without '('");
    return grammar_.choice(std::move(alternatives));
  }

 private:
  ExpressionId one_of(const CharacterSet& set) {
    return options_.characters ? options_.characters(set) : grammar_.characters(set);
  }

  ExpressionId anything() { return grammar_.repeat(one_of(CharacterSet::all()), 0, kUnbounded); }

  ExpressionId parse_anchored() {
    std::vector<ExpressionId> parts;
    const bool is_anchored = cursor_.take_if("^");
    if (options_.searches && !is_anchored) parts.push_back(anything());
    parts.push_back(parse_sequence());
    const bool is_anchored_behind = cursor_.take_if("$");
    if (options_.searches && !is_anchored_behind) parts.push_back(anything());
    return grammar_.sequence(std::move(parts));
  }

  ExpressionId parse_choice() {
    if (++nesting_ > kMaxNesting) cursor_.refuse(ErrorCode::unsupported, "more than {} levels of nesting", kMaxNesting);
    std::vector<ExpressionId> alternatives;
    do {
      alternatives.push_back(parse_sequence());
    } while (cursor_.take_if("|"));
    --nesting_;
    return grammar_.choice(std::move(alternatives));
  }

  // `$` at the end is left to those who may take it.
  bool is_at_end_of_sequence() {
    if (cursor_.at_end() || cursor_.peek() == '|' || cursor_.peek() == ')') return true;
    if (cursor_.peek() != '$') return false;
    const size_t begin = cursor_.position();
    cursor_.take();
    const bool is_last = nesting_ == 0 && (cursor_.at_end() || cursor_.peek() == '|');
    cursor_.go_back_to(begin);
    if (!is_last) cursor_.refuse(ErrorCode::unsupported, "'$' is supported at the end only");
    return true;
  }

  ExpressionId parse_sequence() {
    std::vector<ExpressionId> parts;
    while (!is_at_end_of_sequence()) {
      ExpressionId part = parse_item();
      if (const auto bounds = take_repetition(cursor_)) {
        part = grammar_.repeat(part, bounds->min, bounds->max);
        if (cursor_.starts_with("+")) {
          cursor_.refuse(ErrorCode::unsupported, "possessive repetitions are not supported");
        }
        cursor_.take_if("?");  // as few as possible: the same texts
      }
      parts.push_back(part);
    }
    return grammar_.sequence(std::move(parts));
  }

  ExpressionId parse_item() {
    switch (cursor_.peek()) {
      case '(':
        return parse_group();
      case '[':
        return one_of(parse_class());
      case '.':
        cursor_.take();
        return one_of(line_ends().complement());
      case '\\':
        return one_of(parse_escape());
      case '^':
        cursor_.refuse(ErrorCode::unsupported, "'^' is supported at the start only");
      case '*':
      case '+':
      case '?':
      case '{':
        cursor_.refuse(ErrorCode::bad_input, "nothing to repeat; write \\ in front of the character itself");
      default: {
        const char32_t character = cursor_.take();
        return one_of({{character, character}});
      }
    }
  }

  ExpressionId parse_group() {
    cursor_.take();
    if (cursor_.take_if("?") && !cursor_.take_if(":")) skip_group_name();
    const ExpressionId group = parse_choice();
    cursor_.expect(")", "at the end of a group");
    return group;
  }

  void skip_group_name() {
    cursor_.take_if("P");
    const bool looks_around = cursor_.starts_with("<=") || cursor_.starts_with("<!");
    if (looks_around || !cursor_.take_if("<")) {
      cursor_.refuse(ErrorCode::unsupported,
                     "of groups with (? only (?: and (?<name> are supported: no look-around, no flags");
    }
    while (cursor_.peek() != '>') cursor_.take();
    cursor_.take();
  }

  CharacterSet parse_class() {
    cursor_.take();
    const bool is_negated = cursor_.take_if("^");
    if (cursor_.peek() == ']') {
      cursor_.refuse(ErrorCode::unsupported, "a class that is empty or begins with ']'; write \\] for the character");
    }
    CharacterSet set;
    while (!cursor_.take_if("]")) {
      if (cursor_.starts_with("[:")) cursor_.refuse(ErrorCode::unsupported, "classes by name are not supported");
      const auto first = take_class_member(set);
      if (!cursor_.starts_with("-") || cursor_.starts_with("-]")) continue;
      cursor_.take();
      CharacterSet other;
      const auto last = take_class_member(other);
      if (!first || !last || *last < *first) cursor_.refuse(ErrorCode::bad_input, "this is no range of characters");
      set.add(*first, *last);
    }
    return is_negated ? set.complement() : set;
  }

  // The character, or nothing when it was a set of several.
  std::optional<char32_t> take_class_member(CharacterSet& set) {
    if (cursor_.peek() != '\\') {
      const char32_t character = cursor_.take();
      set.add(character);
      return character;
    }
    is_in_class_ = true;
    const CharacterSet escape = parse_escape();
    is_in_class_ = false;
    set.add(escape);
    const auto& ranges = escape.ranges();
    if (ranges.size() != 1 || ranges[0].first != ranges[0].last) return std::nullopt;
    return ranges[0].first;
  }

  CharacterSet parse_escape() {
    cursor_.take();
    const size_t begin = cursor_.position();
    const char32_t letter = cursor_.take();
    switch (letter) {
      case 'd':
        return digits();
      case 'D':
        return digits().complement();
      case 'w':
        return word_characters();
      case 'W':
        return word_characters().complement();
      case 's':
        return white_space();
      case 'S':
        return white_space().complement();
      default:
        const char32_t character = escaped_character(letter, begin);
        return {{character, character}};
    }
  }

  char32_t escaped_character(char32_t letter, size_t begin) {
    switch (letter) {
      case 't':
        return '\t';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 'f':
        return '\f';
      case 'v':
        return '\v';
      case 'b':
        if (is_in_class_) return '\b';
        break;
      case '0':
        if (cursor_.peek() < '0' || cursor_.peek() > '9') return 0;
        break;
      case 'x':
        return cursor_.take_hexadecimal(2);
      case 'u':
        return take_unicode_escape(begin);
      default:
        break;
    }
    const bool is_letter = (letter | 0x20) >= 'a' && (letter | 0x20) <= 'z';
    if (!is_letter && (letter < '0' || letter > '9') && letter < 0x80) return letter;
    cursor_.go_back_to(begin);
    cursor_.refuse(
        ErrorCode::unsupported,
        "this escape is not supported (there are d, D, w, W, s, S, t, n, r, f, v, 0, xFF, uFFFF, u{{10FFFF}})");
  }

  char32_t take_unicode_escape(size_t begin) {
    char32_t character = 0;
    if (cursor_.take_if("{")) {
      int digits = 0;
      while (cursor_.peek() != '}' && digits++ < 6) character = character * 16 + cursor_.take_hexadecimal(1);
      cursor_.expect("}", "behind \\u{");
    } else {
      character = cursor_.take_hexadecimal(4);
      if (character >= 0xD800 && character < 0xDC00 && cursor_.take_if("\\u")) {
        const char32_t low = cursor_.take_hexadecimal(4);
        character = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((character - 0xD800) << 10) + (low - 0xDC00) : 0xD800;
      }
    }
    if (character <= kLastCharacter && (character < 0xD800 || character > 0xDFFF)) return character;
    cursor_.go_back_to(begin);
    cursor_.refuse(ErrorCode::bad_input, "this is no character of Unicode");
  }

  Grammar& grammar_;
  SourceCursor cursor_;
  const RegexOptions options_;
  int nesting_ = 0;
  bool is_in_class_ = false;
};

}  // namespace

ExpressionId add_regex(Grammar& grammar, std::string_view pattern, const std::string& name, RegexOptions options) {
  return RegexParser(grammar, pattern, name, std::move(options)).parse();
}

Grammar parse_regex(std::string_view pattern, const std::string& name) {
  Grammar grammar;
  const RuleId root = grammar.add_rule("root");
  grammar.define(root, add_regex(grammar, pattern, name));
  grammar.set_root(root);
  return grammar;
}

}  // namespace adze::text
