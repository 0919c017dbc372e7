#include "text/grammars/gbnf_parser.h"

#include <map>
#include <unordered_map>

#include "base/utf8.h"
#include "text/grammars/source_cursor.h"

namespace adze::text {
namespace {

constexpr int kMaxNesting = 200;

bool is_name_character(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

class GbnfParser {
 public:
  GbnfParser(std::string_view source, const std::string& name) : cursor_(source, name), source_name_(name) {}

  Grammar parse() {
    skip_space();
    while (!cursor_.at_end()) parse_rule();
    for (const auto& [name, place] : first_uses_) {
      if (grammar_.rules()[rules_.at(name)].expression != Grammar::kNoExpression) continue;
      cursor_.go_back_to(place);
      cursor_.refuse(ErrorCode::bad_input, "there is no rule '{}'", name);
    }
    const auto root = rules_.find("root");
    if (root == rules_.end())
      fail(ErrorCode::bad_input, "{}: there is no rule 'root', where the text begins", source_name_);
    grammar_.set_root(root->second);
    return std::move(grammar_);
  }

 private:
  void skip_space() {
    for (;;) {
      const char32_t c = cursor_.peek();
      if (c == '#') {
        while (!cursor_.at_end() && cursor_.peek() != '\n') cursor_.take();
      } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
        cursor_.take();
      } else {
        return;
      }
    }
  }

  std::string take_name() {
    const size_t begin = cursor_.position();
    while (is_name_character(cursor_.peek())) cursor_.take();
    if (cursor_.position() == begin) cursor_.refuse(ErrorCode::bad_input, "expected the name of a rule");
    return std::string(cursor_.text_since(begin));
  }

  // A name and `::=` begin the next rule.
  bool is_at_rule() {
    const size_t begin = cursor_.position();
    while (is_name_character(cursor_.peek())) cursor_.take();
    const bool has_name = cursor_.position() != begin;
    skip_space();
    const bool is_rule = has_name && cursor_.starts_with("::=");
    cursor_.go_back_to(begin);
    return is_rule;
  }

  RuleId rule_named(const std::string& name) {
    const auto [entry, is_new] = rules_.try_emplace(name, 0);
    if (is_new) entry->second = grammar_.add_rule(name);
    return entry->second;
  }

  void parse_rule() {
    const size_t begin = cursor_.position();
    const std::string name = take_name();
    const RuleId rule = rule_named(name);
    if (grammar_.rules()[rule].expression != Grammar::kNoExpression) {
      cursor_.go_back_to(begin);
      cursor_.refuse(ErrorCode::bad_input, "there are two rules '{}'", name);
    }
    skip_space();
    cursor_.expect("::=", "behind the name of a rule");
    grammar_.define(rule, parse_choice());
    if (!cursor_.at_end() && !is_at_rule())
      cursor_.refuse(ErrorCode::bad_input, "expected a rule or what belongs into one");
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

  ExpressionId parse_sequence() {
    std::vector<ExpressionId> parts;
    for (skip_space(); !cursor_.at_end() && cursor_.peek() != '|' && cursor_.peek() != ')' && !is_at_rule();
         skip_space()) {
      ExpressionId part = parse_item();
      skip_space();
      while (const auto bounds = take_repetition(cursor_)) {
        part = grammar_.repeat(part, bounds->min, bounds->max);
        skip_space();
      }
      parts.push_back(part);
    }
    return grammar_.sequence(std::move(parts));
  }

  ExpressionId parse_item() {
    if (cursor_.take_if("\"")) return parse_literal();
    if (cursor_.take_if("[")) return parse_class();
    if (cursor_.take_if(".")) return grammar_.characters(CharacterSet::all());
    if (cursor_.take_if("(")) {
      const ExpressionId group = parse_choice();
      cursor_.expect(")", "at the end of a group");
      return group;
    }
    if (cursor_.peek() == '<' || cursor_.peek() == '!') {
      cursor_.refuse(ErrorCode::unsupported,
                     "tokens by name or number are not supported; write the text they stand for");
    }
    const size_t begin = cursor_.position();
    const std::string name = take_name();
    first_uses_.try_emplace(name, begin);
    return grammar_.reference(rule_named(name));
  }

  char32_t take_character() {
    if (!cursor_.take_if("\\")) return cursor_.take();
    const size_t begin = cursor_.position();
    const char32_t c = cursor_.take();
    switch (c) {
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'x':
        return checked(cursor_.take_hexadecimal(2), begin);
      case 'u':
        return checked(cursor_.take_hexadecimal(4), begin);
      case 'U':
        return checked(cursor_.take_hexadecimal(8), begin);
      case '\\':
      case '"':
      case '[':
      case ']':
      case '-':
      case '^':
        return c;
      default:
        cursor_.go_back_to(begin);
        cursor_.refuse(ErrorCode::bad_input,
                       "there is no escape with this letter (n, r, t, xFF, uFFFF, U0010FFFF, \\, \", [, ], - and ^)");
    }
  }

  char32_t checked(char32_t c, size_t begin) {
    if (c <= kLastCharacter && (c < 0xD800 || c > 0xDFFF)) return c;
    cursor_.go_back_to(begin);
    cursor_.refuse(ErrorCode::bad_input, "{:X} is no character of Unicode", static_cast<uint32_t>(c));
  }

  ExpressionId parse_literal() {
    std::string bytes;
    while (!cursor_.take_if("\"")) append_utf8(bytes, take_character());
    return grammar_.text(bytes);
  }

  ExpressionId parse_class() {
    const bool is_negated = cursor_.take_if("^");
    CharacterSet set;
    while (!cursor_.take_if("]")) {
      const char32_t first = take_character();
      char32_t last = first;
      if (cursor_.starts_with("-") && !cursor_.starts_with("-]")) {
        cursor_.take();
        last = take_character();
      }
      if (last < first) cursor_.refuse(ErrorCode::bad_input, "the range ends before it begins");
      set.add(first, last);
    }
    return grammar_.characters(is_negated ? set.complement() : std::move(set));
  }

  SourceCursor cursor_;
  const std::string& source_name_;
  Grammar grammar_;
  std::unordered_map<std::string, RuleId> rules_;
  std::map<std::string, size_t> first_uses_;
  int nesting_ = 0;
};

}  // namespace

Grammar parse_gbnf(std::string_view source, const std::string& name) { return GbnfParser(source, name).parse(); }

}  // namespace adze::text
