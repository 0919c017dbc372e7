// The seam around the JSON library: one alias, checked parsing, and errors that name the source.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/error.h"

namespace adze {

/// Keeps keys in file order, so that what we rewrite stays diffable.
using Json = nlohmann::ordered_json;

/// Parses UTF-8 text; throws Error(bad_input) with `source` and the byte position. What Python writes for infinities
/// and NaN is read as null.
Json parse_json(std::string_view text, const std::string& source);

/// Reads and parses a whole file.
Json read_json_file(const std::string& path);

/// Member `key` as T, or `fallback` when absent or null; a wrong type is Error(bad_input).
template <typename T>
T json_value(const Json& object, const char* key, T fallback, const std::string& source) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return fallback;
  try {
    return found->template get<T>();
  } catch (const nlohmann::json::exception&) {
    fail(ErrorCode::bad_input, "{}: \"{}\" has the wrong type ({})", source, key, found->type_name());
  }
}

}  // namespace adze
