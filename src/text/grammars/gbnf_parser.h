// GBNF, the grammars of llama.cpp.
#pragma once

#include <string>
#include <string_view>

#include "text/grammars/grammar.h"

namespace adze::text {

/// The text matches rule `root`. `name` stands in messages. Throws Error(bad_input) with "name:line:column" and what
/// was expected there, Error(unsupported) for tokens by their name or number. See docs/structured-output.md.
Grammar parse_gbnf(std::string_view source, const std::string& name);

}  // namespace adze::text
