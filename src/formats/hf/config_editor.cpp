#include "formats/hf/config_editor.h"

#include "formats/hf/json_numbers.h"

namespace adze::formats {
namespace {

bool same_setting(const Json& json, const model::Value& value) {
  const Json wanted = json_of_value(value);
  if (json.is_number() && wanted.is_number()) {
    const bool narrow = std::holds_alternative<float>(value);
    return narrow ? static_cast<float>(json.get<double>()) == static_cast<float>(wanted.get<double>()) : json == wanted;
  }
  return json == wanted;
}

}  // namespace

void ConfigEditor::set(std::string_view key, const Json& value) {
  const std::string name(key);
  if (json_.contains(name) && json_[name] == value) return;
  json_[name] = value;
  changed_ = true;
}

void ConfigEditor::set_with_default(std::string_view key, const Json& value, const Json& fallback) {
  if (!contains(key) && value == fallback) return;
  set(key, value);
}

void ConfigEditor::set_value(std::string_view key, const model::Value& value) {
  const auto found = json_.find(std::string(key));
  if (found != json_.end() && same_setting(*found, value)) return;
  set(key, json_of_value(value));
}

}  // namespace adze::formats
