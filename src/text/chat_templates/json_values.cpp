#include "text/chat_templates/json_values.h"

#include "base/utf8.h"
#include "text/chat_templates/budget.h"

namespace adze::text::jinja {

namespace {

Value convert(const Json& json, int depth);

std::string valid_text(const std::string& text) { return is_valid_utf8(text) ? text : replace_invalid_utf8(text); }

Value convert_list(const Json& json, int depth) {
  std::vector<Value> items;
  items.reserve(json.size());
  for (const Json& item : json) items.push_back(convert(item, depth + 1));
  return Value::list(std::move(items));
}

Value convert_object(const Json& json, int depth) {
  Dict dict;
  for (const auto& [key, value] : json.items()) dict.set(valid_text(key), convert(value, depth + 1));
  return Value::dict(std::move(dict));
}

Value convert(const Json& json, int depth) {
  if (depth > kMaxValueDepth) fail(ErrorCode::bad_input, "the variables nest deeper than {} levels", kMaxValueDepth);
  switch (json.type()) {
    case Json::value_t::boolean:
      return Value::boolean(json.get<bool>());
    case Json::value_t::number_integer:
      return Value::integer(json.get<int64_t>());
    case Json::value_t::number_float:
      return Value::floating(json.get<double>());
    case Json::value_t::string:
      return Value::string(valid_text(json.get_ref<const std::string&>()));
    case Json::value_t::array:
      return convert_list(json, depth);
    case Json::value_t::object:
      return convert_object(json, depth);
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() <= INT64_MAX) return Value::integer(json.get<int64_t>());
      fail(ErrorCode::unsupported, "the integer {} does not fit 64 bits with a sign", json.get<uint64_t>());
    default:
      return Value::none();
  }
}

}  // namespace

Value value_from_json(const Json& json) { return convert(json, 0); }

}  // namespace adze::text::jinja
