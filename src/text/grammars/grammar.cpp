#include "text/grammars/grammar.h"

#include <utility>

#include "base/error.h"

namespace adze::text {
namespace {

constexpr size_t kMaxExpressions = 1'000'000;

}  // namespace

ExpressionId Grammar::add(Expression expression) {
  if (expressions_.size() >= kMaxExpressions) {
    fail(ErrorCode::unsupported, "the grammar has more than {} expressions", kMaxExpressions);
  }
  expressions_.push_back(std::move(expression));
  return static_cast<ExpressionId>(expressions_.size() - 1);
}

ExpressionId Grammar::text(std::string_view bytes) {
  return add({.kind = Expression::Kind::text, .bytes = std::string(bytes), .characters = {}, .parts = {}});
}

ExpressionId Grammar::characters(CharacterSet set) {
  return add({.kind = Expression::Kind::characters, .bytes = {}, .characters = std::move(set), .parts = {}});
}

ExpressionId Grammar::sequence(std::vector<ExpressionId> parts) {
  if (parts.size() == 1) return parts[0];
  return add({.kind = Expression::Kind::sequence, .bytes = {}, .characters = {}, .parts = std::move(parts)});
}

ExpressionId Grammar::choice(std::vector<ExpressionId> parts) {
  if (parts.size() == 1) return parts[0];
  return add({.kind = Expression::Kind::choice, .bytes = {}, .characters = {}, .parts = std::move(parts)});
}

ExpressionId Grammar::repeat(ExpressionId part, uint32_t min, uint32_t max) {
  if (min == 1 && max == 1) return part;
  return add(
      {.kind = Expression::Kind::repeat, .min = min, .max = max, .bytes = {}, .characters = {}, .parts = {part}});
}

ExpressionId Grammar::reference(RuleId rule) {
  return add({.kind = Expression::Kind::rule, .rule = rule, .bytes = {}, .characters = {}, .parts = {}});
}

RuleId Grammar::add_rule(std::string name) {
  rules_.push_back({std::move(name), kNoExpression});
  return static_cast<RuleId>(rules_.size() - 1);
}

}  // namespace adze::text
