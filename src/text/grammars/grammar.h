// A grammar as data: what GBNF, JSON Schema and regular expressions are read into.
//
// Rules are named expressions over UTF-8 text. An expression may be used in several places. A choice of nothing matches
// no text at all, a sequence of nothing the empty text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/grammars/character_set.h"

namespace adze::text {

using ExpressionId = uint32_t;
using RuleId = uint32_t;

inline constexpr uint32_t kUnbounded = UINT32_MAX;

struct Expression {
  enum class Kind : uint8_t {
    text,        // `bytes`
    characters,  // one of `characters`
    sequence,    // all `parts`, in order
    choice,      // one of `parts`
    repeat,      // the one of `parts`, `min` to `max` times
    rule,        // what rule `rule` matches
  };
  Kind kind = Kind::sequence;
  uint32_t min = 0;
  uint32_t max = 0;
  RuleId rule = 0;
  std::string bytes;
  CharacterSet characters;
  std::vector<ExpressionId> parts;
};

class Grammar {
 public:
  struct Rule {
    std::string name;
    ExpressionId expression = kNoExpression;
  };
  static constexpr ExpressionId kNoExpression = UINT32_MAX;

  ExpressionId text(std::string_view bytes);
  ExpressionId characters(CharacterSet set);
  ExpressionId sequence(std::vector<ExpressionId> parts);
  ExpressionId choice(std::vector<ExpressionId> parts);
  ExpressionId repeat(ExpressionId part, uint32_t min, uint32_t max);
  ExpressionId optional(ExpressionId part) { return repeat(part, 0, 1); }
  ExpressionId reference(RuleId rule);
  ExpressionId nothing() { return sequence({}); }  // the empty text
  ExpressionId never() { return choice({}); }      // no text

  /// A rule whose expression is set later, so that rules can refer to each other.
  RuleId add_rule(std::string name);
  void define(RuleId rule, ExpressionId expression) { rules_[rule].expression = expression; }
  void set_root(RuleId rule) { root_ = rule; }

  const Expression& operator[](ExpressionId id) const { return expressions_[id]; }
  const std::vector<Rule>& rules() const { return rules_; }
  size_t expressions() const { return expressions_.size(); }
  RuleId root() const { return root_; }

 private:
  ExpressionId add(Expression expression);

  std::vector<Expression> expressions_;
  std::vector<Rule> rules_;
  RuleId root_ = 0;
};

}  // namespace adze::text
