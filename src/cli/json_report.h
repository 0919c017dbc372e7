// Reports as JSON on the standard output.
#pragma once

#include <string_view>

#include "base/json.h"
#include "cli/console.h"
#include "model/key_values.h"

namespace adze::cli {

/// One document, indented; arrays of numbers stay on one line. Invalid UTF-8 becomes U+FFFD.
void print_json(Console& console, const Json& document);
void print_json_error(Console& console, std::string_view code, std::string_view message);

Json to_json(const model::Value& value);
/// In order. Values that JSON lacks (NaN, infinities) become null.
Json to_json(const model::KeyValues& values);

}  // namespace adze::cli
