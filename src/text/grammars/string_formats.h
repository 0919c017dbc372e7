// The values of JSON Schema's `format` that are kept: one table.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace adze::text {

struct StringFormat {
  std::string_view name;
  std::string regex;  // of the whole string (regex_parser.h)
};

std::span<const StringFormat> string_formats();
/// Null when the name is not in the table.
const StringFormat* find_string_format(std::string_view name);

}  // namespace adze::text
