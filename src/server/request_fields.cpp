#include "server/request_fields.h"

#include <algorithm>
#include <cmath>

#include "server/request_error.h"

namespace adze::server {
namespace {

bool asks_for_nothing(const Json& value, std::string_view harmless) {
  if (value.is_null()) return true;
  if (harmless.empty()) return (value.is_boolean() && !value.get<bool>()) || (value.is_structured() && value.empty());
  return value == Json::parse(harmless, nullptr, false);
}

}  // namespace

std::vector<std::string> check_fields(const Json& object, std::span<const RequestField> fields, bool is_strict) {
  std::vector<std::string> unknown;
  for (const auto& [name, value] : object.items()) {
    const auto field = std::ranges::find(fields, std::string_view(name), &RequestField::name);
    if (field == fields.end()) {
      if (is_strict) refuse_field(name, "there is no such field");
      unknown.push_back(name);
    } else if (field->use == FieldUse::refused && !asks_for_nothing(value, field->harmless)) {
      refuse_field(name, "is not supported{}{}", field->note.empty() ? "" : ": ", field->note);
    }
  }
  return unknown;
}

Json parse_body(std::string_view body) {
  if (body.empty()) throw RequestError(400, "the request has no body; a JSON object is expected");
  Json json = parse_json(body, "body");
  if (!json.is_object()) throw RequestError(400, "the body is no JSON object");
  return json;
}

Fields::Fields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
  if (!object.is_object()) refuse_field(where_, "must be an object");
}

const Json* Fields::find(std::string_view name) const {
  const auto found = object_.find(std::string(name));
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> Fields::text(std::string_view name) const {
  const Json* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_string()) refuse_field(path(name), "must be a string");
  return value->get<std::string>();
}

std::string Fields::require_text(std::string_view name) const {
  auto value = text(name);
  if (!value) refuse_field(path(name), "is missing");
  return *std::move(value);
}

std::optional<double> Fields::number(std::string_view name, NumberRange range) const {
  const Json* value = find(name);
  if (!value) return std::nullopt;
  if (!value->is_number()) refuse_field(path(name), "must be a number");
  const double number = value->get<double>();
  if (!std::isfinite(number) || number < range.minimum || number > range.maximum) {
    refuse_field(path(name), "is {}, must be from {} to {}", number, range.minimum, range.maximum);
  }
  return number;
}

std::optional<int64_t> Fields::integer(std::string_view name, int64_t minimum, int64_t maximum) const {
  const auto value = number(name);
  if (!value) return std::nullopt;
  if (*value != std::floor(*value)) refuse_field(path(name), "must be a whole number");
  if (*value < static_cast<double>(minimum) || *value > static_cast<double>(maximum)) {
    refuse_field(path(name), "is {}, must be from {} to {}", *value, minimum, maximum);
  }
  return static_cast<int64_t>(*value);
}

bool Fields::flag(std::string_view name, bool fallback) const {
  const Json* value = find(name);
  if (!value) return fallback;
  if (!value->is_boolean()) refuse_field(path(name), "must be true or false");
  return value->get<bool>();
}

std::vector<std::string> Fields::texts(std::string_view name, size_t most) const {
  const Json* value = find(name);
  if (!value) return {};
  if (value->is_string()) return {value->get<std::string>()};
  if (!value->is_array()) refuse_field(path(name), "must be a string or a list of strings");
  if (value->size() > most) refuse_field(path(name), "has {} entries, at most {} are allowed", value->size(), most);
  std::vector<std::string> texts;
  for (const auto& text : *value) {
    if (!text.is_string()) refuse_field(path(name), "must be a string or a list of strings");
    texts.push_back(text.get<std::string>());
  }
  return texts;
}

const Json* Fields::object(std::string_view name) const {
  const Json* value = find(name);
  if (value && !value->is_object()) refuse_field(path(name), "must be an object");
  return value;
}

const Json* Fields::list(std::string_view name) const {
  const Json* value = find(name);
  if (value && !value->is_array()) refuse_field(path(name), "must be a list");
  return value;
}

}  // namespace adze::server
