// Regular expressions as grammars: the part of ECMAScript's that is regular.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "text/grammars/grammar.h"

namespace adze::text {

struct RegexOptions {
  /// What stands for one character of the set; the character itself when empty.
  std::function<ExpressionId(const CharacterSet&)> characters;
  /// The expression may match anywhere in the text, unless it is anchored; else it matches the whole text.
  bool searches = false;
};

/// Adds what the expression matches to `grammar`. `name` stands in messages. Throws Error(bad_input) with
/// "name:line:column", Error(unsupported) for look-around, references back, word boundaries, flags and classes by
/// property.
ExpressionId add_regex(Grammar& grammar, std::string_view pattern, const std::string& name, RegexOptions options = {});

/// The whole text matches the expression.
Grammar parse_regex(std::string_view pattern, const std::string& name);

}  // namespace adze::text
