// Members of a card's JSON document, where each may be missing.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace adze::report {

inline const Json& member(const Json& object, const char* key) {
  static const Json nothing = nullptr;
  if (!object.is_object()) return nothing;
  const auto found = object.find(key);
  return found == object.end() ? nothing : *found;
}

inline std::optional<double> number(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

inline int64_t whole_number(const Json& object, const char* key) {
  return static_cast<int64_t>(number(object, key).value_or(0));
}

inline std::string text(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

}  // namespace adze::report
