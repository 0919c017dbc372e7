// Reading a request's JSON: typed fields, and what each dialect does with every field that it knows.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace adze::server {

enum class FieldUse {
  used,
  no_effect,  // changes nothing about the answer here: accepted
  refused,    // would change the answer, and cannot be honoured: accepted only with the value that asks for nothing
};

struct RequestField {
  std::string_view name;
  FieldUse use = FieldUse::used;
  std::string_view note = {};      // why, for the refusal and docs/server.md
  std::string_view harmless = {};  // of a refused field: JSON of the value that asks for nothing; null always does
};

/// Throws RequestError for a refused field, and with `is_strict` for one that `fields` does not list. Returns the
/// unlisted ones.
std::vector<std::string> check_fields(const Json& object, std::span<const RequestField> fields, bool is_strict);

/// The body as an object. Throws RequestError.
Json parse_body(std::string_view body);

struct NumberRange {
  double minimum = -std::numeric_limits<double>::infinity();
  double maximum = std::numeric_limits<double>::infinity();
};

/// Fields of a JSON object; absent and null are the same. A wrong type or range throws RequestError naming the field.
/// REQUIRES: the object outlives this.
class Fields {
 public:
  explicit Fields(const Json& object, std::string where = {});

  const Json* find(std::string_view name) const;
  std::optional<std::string> text(std::string_view name) const;
  std::string require_text(std::string_view name) const;
  std::optional<double> number(std::string_view name, NumberRange range = {}) const;
  std::optional<int64_t> integer(std::string_view name, int64_t minimum, int64_t maximum) const;
  bool flag(std::string_view name, bool fallback) const;
  /// A text, or a list of texts.
  std::vector<std::string> texts(std::string_view name, size_t most) const;
  /// Null: none.
  const Json* object(std::string_view name) const;
  const Json* list(std::string_view name) const;
  const Json& whole() const { return object_; }
  /// "messages[0].content", for messages.
  std::string path(std::string_view name) const {
    return where_.empty() ? std::string(name) : where_ + "." + std::string(name);
  }

 private:
  const Json& object_;
  std::string where_;
};

}  // namespace adze::server
