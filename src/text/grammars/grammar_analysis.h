// What must be known of a grammar before it can be run.
#pragma once

#include <vector>

#include "text/grammars/grammar.h"

namespace adze::text {

struct GrammarAnalysis {
  std::vector<bool> matches_something;  // by expression: some text is matched
  std::vector<bool> matches_nothing;    // by expression: the empty text is matched
};

/// Throws Error(bad_input) naming the cycle when a rule can begin with itself, and when the root matches no text at
/// all. REQUIRES: every rule is defined, and an expression comes behind its parts.
GrammarAnalysis analyse(const Grammar& grammar);

}  // namespace adze::text
