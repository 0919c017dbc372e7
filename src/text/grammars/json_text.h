// JSON's own grammar: what every schema is made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "text/grammars/grammar.h"

namespace adze::text {

/// Adds the rules to a grammar as they are first asked for.
class JsonText {
 public:
  explicit JsonText(Grammar& grammar) : grammar_(grammar) {}

  /// Nothing, a space, or one or two line ends and an indentation of at most 20: more would let a model fill a text
  /// with white space.
  ExpressionId space();
  /// One character of a string as JSON writes it, escapes included.
  ExpressionId any_character();
  /// One character of the set: as it is where JSON allows that, else as its shortest escape.
  ExpressionId character_of(const CharacterSet& set);
  ExpressionId string_of(ExpressionId characters);
  /// Any string but these.
  ExpressionId string_except(std::vector<std::u32string> texts);

  ExpressionId any_value();
  ExpressionId any_object();
  ExpressionId any_array();
  ExpressionId any_string();
  ExpressionId any_number();
  ExpressionId any_integer();
  ExpressionId boolean();
  /// This value; strings in their shortest spelling.
  ExpressionId constant(const Json& value);

  /// `open`, then `parts`, then `close`; no `parts`: an empty pair.
  ExpressionId bracketed(std::string_view open, ExpressionId parts, std::string_view close);
  /// "," and the space behind it in front of `part`.
  ExpressionId behind_comma(ExpressionId part);
  /// `key` (in its quotes), ":" and `value`.
  ExpressionId member(ExpressionId key, ExpressionId value);

 private:
  struct Made {
    RuleId rule = 0;
    bool is_made = false;
  };
  template <typename Make>
  ExpressionId once(Made& made, const char* name, Make&& make);
  ExpressionId digits(uint32_t min, uint32_t max);
  ExpressionId integer_part();
  ExpressionId make_character();
  ExpressionId make_space();
  ExpressionId list_of(ExpressionId part);
  ExpressionId text_except(const std::vector<std::u32string>& texts, size_t place);

  Grammar& grammar_;
  Made space_, character_, value_, object_, array_, string_, number_, integer_, plain_characters_;
};

}  // namespace adze::text
