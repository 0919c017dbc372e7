#include "report/json_text.h"

#include <algorithm>

namespace adze::report {
namespace {

std::string on_one_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

bool is_flat(const Json& value) {
  return value.empty() ||
         std::none_of(value.begin(), value.end(), [](const Json& item) { return item.is_structured(); });
}

void append_indented(std::string& out, const Json& value, size_t indent) {
  if (!value.is_structured() || value.empty() || (value.is_array() && is_flat(value))) {
    out += on_one_line(value);
    return;
  }
  out += value.is_object() ? "{" : "[";
  bool first = true;
  for (const auto& [key, item] : value.items()) {
    out.append(first ? "\n" : ",\n").append(indent + 2, ' ');
    if (value.is_object()) out.append(on_one_line(key)).append(": ");
    append_indented(out, item, indent + 2);
    first = false;
  }
  out.append("\n").append(indent, ' ').append(value.is_object() ? "}" : "]");
}

}  // namespace

std::string indented_json(const Json& value) {
  std::string text;
  append_indented(text, value, 0);
  return text;
}

}  // namespace adze::report
