// A config.json that is being brought in line with a model: what need not change stays as it was.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "model/key_values.h"

namespace adze::formats {

class ConfigEditor {
 public:
  /// `original`: the text that is changed; empty: a new file.
  explicit ConfigEditor(Json original) : json_(std::move(original)), is_new_(json_.empty()) {}

  void set(std::string_view key, const Json& value);
  /// Absent means `fallback` to readers, so an absent key with that value stays absent.
  void set_with_default(std::string_view key, const Json& value, const Json& fallback);
  void set_value(std::string_view key, const model::Value& value);
  void erase(std::string_view key) { changed_ = json_.erase(std::string(key)) > 0 || changed_; }

  bool contains(std::string_view key) const { return json_.contains(std::string(key)); }
  bool is_new() const { return is_new_; }
  bool changed() const { return changed_; }
  const Json& json() const { return json_; }

 private:
  Json json_;
  bool is_new_;
  bool changed_ = false;
};

}  // namespace adze::formats
