// JSON Schema (draft 2020-12) as a grammar of JSON texts. What is supported is in docs/structured-output.md.
#pragma once

#include <string>

#include "base/json.h"
#include "text/grammars/grammar.h"

namespace adze::text {

/// Every text of the grammar is valid; members of objects stand in the order in which they are declared. `name` stands
/// in messages. Throws Error(unsupported | bad_input | not_found) with the pointer to the place and the keyword.
Grammar parse_json_schema(const Json& schema, const std::string& name);

}  // namespace adze::text
