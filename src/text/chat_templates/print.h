// How values print: Python's str(), repr() and json.dumps().
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "text/chat_templates/value.h"

namespace adze::text::jinja {

/// str(value): what `{{ value }}` prints.
std::string to_text(const Value& value, Budget& budget);
/// repr(value): how values print inside lists and dicts.
std::string to_repr(const Value& value, Budget& budget);
/// Shortest digits that read back as the same number, as Python prints floats: 1.0, 1e-05, inf.
std::string float_to_text(double value);
std::string quote_like_python(std::string_view text);

struct JsonStyle {
  bool escape_non_ascii = false;
  bool sort_keys = false;
  std::optional<std::string> indent;  // one level of indentation
  std::optional<std::string> item_separator;
  std::optional<std::string> key_separator;
};
/// json.dumps(value); throws Error for values JSON cannot hold.
std::string to_json_text(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace adze::text::jinja
