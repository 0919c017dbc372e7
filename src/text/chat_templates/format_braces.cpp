// 'text {name}'.format(name=value)
#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "text/chat_templates/budget.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/print.h"
#include "text/chat_templates/python_format.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja {

namespace {

constexpr int kMaxFieldNesting = 2;  // a specification may hold fields itself, but not deeper, as in Python

class BraceFormatter {
 public:
  BraceFormatter(bool escapes, const Arguments& arguments, Budget& budget)
      : escapes_(escapes), arguments_(arguments), budget_(budget) {}

  std::string run(std::string_view text, int nesting) {
    if (nesting > kMaxFieldNesting) fail(ErrorCode::bad_input, "format(): fields nest too deeply");
    std::string out;
    while (!text.empty()) {
      const char c = text[0];
      text.remove_prefix(1);
      if (c != '{' && c != '}') {
        out += c;
        continue;
      }
      if (!text.empty() && text[0] == c) {
        text.remove_prefix(1);
        out += c;
        continue;
      }
      if (c == '}') fail(ErrorCode::bad_input, "format(): single '}}' in the text; write '}}}}'");
      const size_t end = field_end(text);
      const std::string field = format_field(text.substr(0, end), nesting);
      budget_.spend_bytes(field.size());
      out += field;
      text.remove_prefix(end + 1);
    }
    budget_.spend_bytes(out.size());
    return out;
  }

 private:
  static size_t field_end(std::string_view text) {
    int depth = 1;
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '{') ++depth;
      if (text[i] == '}' && --depth == 0) return i;
    }
    fail(ErrorCode::bad_input, "format(): a '{{' is not closed; write '{{{{' for a brace");
  }

  std::string format_field(std::string_view field, int nesting) {
    const size_t mark = std::min(field.find_first_of("!:"), field.size());
    const Value value = find_value(field.substr(0, mark));
    field.remove_prefix(mark);
    char conversion = '\0';
    if (field.starts_with("!")) {
      if (field.size() < 2) fail(ErrorCode::bad_input, "format(): '!' needs r, s or a");
      conversion = field[1];
      field.remove_prefix(2);
      if (!field.empty() && field[0] != ':') fail(ErrorCode::bad_input, "format(): expected ':' after the conversion");
    }
    const std::string spec = field.empty() ? "" : run(field.substr(1), nesting + 1);
    const std::string text = format_value(convert(value, conversion), spec, budget_);
    return escapes_ && !value.is_markup() ? escape_html(text) : text;
  }

  Value convert(const Value& value, char conversion) {
    switch (conversion) {
      case '\0':
        return value;
      case 's':
        return Value::string(to_text(value, budget_));
      case 'r':
      case 'a':
        return Value::string(to_repr(value, budget_));
      default:
        fail(ErrorCode::bad_input, "format(): '!{}' is not a conversion", conversion);
    }
  }

  /// `name`, `0`, or nothing for the next one, followed by .attribute and [item] parts.
  Value find_value(std::string_view path) {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = find_argument(path.substr(0, end));
    path.remove_prefix(end);
    while (!path.empty()) {
      const bool is_item = path[0] == '[';
      path.remove_prefix(1);
      const size_t stop = std::min(is_item ? path.find(']') : path.find_first_of(".["), path.size());
      const std::string name(path.substr(0, stop));
      value = is_item ? get_item(value, item_key(name), budget_) : get_attribute(value, name);
      if (value.is_undefined()) fail(ErrorCode::not_found, "format(): there is no {}", value.undefined_hint());
      path.remove_prefix(std::min(stop + (is_item ? 1 : 0), path.size()));
    }
    return value;
  }

  static Value item_key(const std::string& name) {
    int64_t index = 0;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), index);
    const bool is_index = result.ec == std::errc() && result.ptr == name.data() + name.size();
    return is_index ? Value::integer(index) : Value::string(name);
  }

  Value find_argument(std::string_view name) {
    uint64_t index = next_;
    const auto result = std::from_chars(name.data(), name.data() + name.size(), index);
    if (name.empty()) ++next_;
    if (name.empty() || result.ptr == name.data() + name.size()) {
      if (result.ec == std::errc::result_out_of_range || index >= arguments_.positional.size()) {
        fail(ErrorCode::bad_input, "format(): there is no value for '{{{}}}'", std::string(name));
      }
      return arguments_.positional[index];
    }
    const auto& keyword = arguments_.keyword;
    const auto found = std::find_if(keyword.begin(), keyword.end(), [&](const auto& row) { return row.first == name; });
    if (found == keyword.end()) fail(ErrorCode::not_found, "format(): there is no value named '{}'", std::string(name));
    return found->second;
  }

  bool escapes_;
  const Arguments& arguments_;
  Budget& budget_;
  uint64_t next_ = 0;
};

}  // namespace

Value format_braces(const Value& format, const Arguments& arguments, Budget& budget) {
  BraceFormatter formatter(format.is_markup(), arguments, budget);
  return Value::string(formatter.run(format.as_string(), 0), format.is_markup());
}

}  // namespace adze::text::jinja
