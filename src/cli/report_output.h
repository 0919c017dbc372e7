// Reports on the standard output: for people as headings, facts and tables, for scripts as one JSON document.
#pragma once

#include <string_view>

#include "base/json.h"
#include "cli/console.h"
#include "model/key_values.h"
#include "report/fact_list.h"
#include "report/table.h"

namespace adze::cli {

/// A title, after an empty line unless it is the first thing printed.
void print_heading(Console& console, std::string_view title, bool is_first = false);
void print_facts(Console& console, const report::FactList& facts);
void print_table(Console& console, const report::Table& table);

/// One document, indented; arrays of numbers stay on one line. Invalid UTF-8 becomes U+FFFD.
void print_json(Console& console, const Json& document);
void print_json_error(Console& console, std::string_view code, std::string_view message);

Json to_json(const model::Value& value);
/// In order. Values that JSON lacks (NaN, infinities) become null.
Json to_json(const model::KeyValues& values);

}  // namespace adze::cli
