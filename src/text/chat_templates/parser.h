// Parses a template into its syntax tree.
#pragma once

#include "text/chat_templates/source.h"
#include "text/chat_templates/syntax_tree.h"

namespace adze::text::jinja {

/// Throws Error(bad_input) naming template, line and column. REQUIRES: normalized source text.
Block parse_template(const Source& source);

}  // namespace adze::text::jinja
