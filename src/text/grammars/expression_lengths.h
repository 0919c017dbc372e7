// How long the texts of an expression are.
#pragma once

#include <cstdint>

#include "text/grammars/grammar.h"

namespace adze::text {

struct LengthRange {
  uint64_t min = 0;
  uint64_t max = 0;  // UINT64_MAX: any length
};

/// In characters. REQUIRES: an expression without rules and without literal texts.
LengthRange lengths_of(const Grammar& grammar, ExpressionId expression);

}  // namespace adze::text
