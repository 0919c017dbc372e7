#include <charconv>

#include "text/chat_templates/filters.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja::filter {

namespace {

/// All characters are ASCII digits: this part of a path is an index.
std::optional<int64_t> as_index(const std::string& part) {
  int64_t index = 0;
  const auto result = std::from_chars(part.data(), part.data() + part.size(), index);
  const bool is_index = result.ec == std::errc() && result.ptr == part.data() + part.size() && part[0] != '-';
  return is_index ? std::optional(index) : std::nullopt;
}

Value keyword_argument(const Call& call, const std::string& name) {
  for (const auto& [given, value] : call.rest.keyword) {
    if (given == name) return value;
  }
  return Value();
}

/// The filter or test named by the `index`th extra argument, and the arguments after it.
std::pair<std::string, Arguments> named_function(const Call& call, size_t index) {
  Arguments arguments;
  const auto& given = call.rest.positional;
  if (index >= given.size()) return {"", std::move(arguments)};
  if (!given[index].is_string()) fail(ErrorCode::bad_input, "{}: needs the name of a filter or test", call.name());
  arguments.positional.assign(given.begin() + static_cast<std::ptrdiff_t>(index) + 1, given.end());
  arguments.keyword = call.rest.keyword;
  return {given[index].as_string(), std::move(arguments)};
}

Value map_attribute(Call& call, const Value& path) {
  const Value fallback = keyword_argument(call, "default");
  std::vector<Value> mapped;
  for (const Value& item : call.items(0)) {
    Value value = follow_path(item, path, call.budget());
    if (value.is_undefined() && !fallback.is_undefined()) value = fallback;
    mapped.push_back(std::move(value));
  }
  return Value::generator(std::move(mapped));
}

struct Selection {
  bool keeps_matches = true;
  bool uses_attribute = false;
};

Value select_items(Call& call, Selection selection) {
  Value path;
  if (selection.uses_attribute) {
    if (call.rest.positional.empty()) fail(ErrorCode::bad_input, "{}: needs the name of an attribute", call.name());
    path = call.rest.positional[0];
  }
  const auto [test, arguments] = named_function(call, selection.uses_attribute ? 1 : 0);
  std::vector<Value> selected;
  for (Value& item : call.items(0)) {
    const Value tested = selection.uses_attribute ? follow_path(item, path, call.budget()) : item;
    const bool matches = test.empty() ? tested.truth() : call_test(call.interpreter, test, tested, arguments);
    if (matches == selection.keeps_matches) selected.push_back(std::move(item));
  }
  return Value::generator(std::move(selected));
}

}  // namespace

Value follow_path(const Value& item, const Value& path, Budget& budget) {
  if (path.is_integral()) return get_item(item, path, budget);
  if (!path.is_string()) return item;
  Value value = item;
  for (const std::string& part : split(path.as_string(), ".", -1, budget)) {
    const auto index = as_index(part);
    value = get_item(value, index ? Value::integer(*index) : Value::string(part), budget);
  }
  return value;
}

Value attribute(Call& call) {
  const Value& value = call.value(0);
  const std::string name = call.text(1);
  // Items of a dict are not attributes here: that is the point of this filter.
  const Value found = get_attribute(value, name);
  const bool is_item = value.is(Kind::dict) && find_builtin(dict_methods(), name) == nullptr;
  return is_item ? Value::undefined("attribute '" + name + "'") : found;
}

Value default_value(Call& call) {
  const Value& value = call.value(0);
  const bool is_missing = value.is_undefined() || (call.flag(2) && !value.truth());
  return is_missing ? call.value_or(1, Value::string("")) : value;
}

Value map(Call& call) {
  if (call.rest.positional.empty()) {
    const Value path = keyword_argument(call, "attribute");
    if (path.is_undefined()) fail(ErrorCode::bad_input, "map: needs the name of a filter, or attribute=...");
    return map_attribute(call, path);
  }
  const auto [filter, arguments] = named_function(call, 0);
  std::vector<Value> mapped;
  for (const Value& item : call.items(0)) mapped.push_back(call_filter(call.interpreter, filter, item, arguments));
  return Value::generator(std::move(mapped));
}

Value select(Call& call) { return select_items(call, {.keeps_matches = true, .uses_attribute = false}); }
Value reject(Call& call) { return select_items(call, {.keeps_matches = false, .uses_attribute = false}); }
Value select_attribute(Call& call) { return select_items(call, {.keeps_matches = true, .uses_attribute = true}); }
Value reject_attribute(Call& call) { return select_items(call, {.keeps_matches = false, .uses_attribute = true}); }

}  // namespace adze::text::jinja::filter
