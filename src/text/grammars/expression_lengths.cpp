#include "text/grammars/expression_lengths.h"

#include <algorithm>

namespace adze::text {
namespace {

constexpr uint64_t kAny = UINT64_MAX;

uint64_t sum(uint64_t a, uint64_t b) { return a > kAny - b ? kAny : a + b; }

uint64_t product(uint64_t a, uint32_t times) {
  if (a == 0 || times == 0) return 0;
  return times == kUnbounded || a > kAny / times ? kAny : a * times;
}

}  // namespace

LengthRange lengths_of(const Grammar& grammar, ExpressionId id) {
  const Expression& expression = grammar[id];
  LengthRange range;
  switch (expression.kind) {
    case Expression::Kind::characters:
      return {1, 1};
    case Expression::Kind::sequence:
      for (const ExpressionId part : expression.parts) {
        const LengthRange of_part = lengths_of(grammar, part);
        range = {sum(range.min, of_part.min), sum(range.max, of_part.max)};
      }
      return range;
    case Expression::Kind::choice:
      range.min = kAny;
      for (const ExpressionId part : expression.parts) {
        const LengthRange of_part = lengths_of(grammar, part);
        range = {std::min(range.min, of_part.min), std::max(range.max, of_part.max)};
      }
      return range;
    case Expression::Kind::repeat: {
      const LengthRange once = lengths_of(grammar, expression.parts[0]);
      return {product(once.min, expression.min), product(once.max, expression.max)};
    }
    case Expression::Kind::text:
    case Expression::Kind::rule:
      return {0, kAny};
  }
  return range;
}

}  // namespace adze::text
