// The methods of dicts, sequences and numbers: those of Python's that change nothing in place.
#include <algorithm>
#include <array>
#include <cmath>

#include "text/chat_templates/builtins.h"
#include "text/chat_templates/compare.h"

namespace adze::text::jinja {

namespace {

// ---- Dicts ----

Value make_view(SequenceType type, std::vector<Value> items, Budget& budget) {
  budget.spend_values(items.size());
  return Value::sequence(std::make_shared<const Sequence>(type, std::move(items)));
}

Value dict_get(Call& call) {
  const Value* found = call.value(0).as_dict().find(call.value(1));
  return found != nullptr ? *found : call.value_or(2, Value::none());
}

Value dict_keys(Call& call) {
  return make_view(SequenceType::dict_keys, call.value(0).as_dict().keys(), call.budget());
}

Value dict_values(Call& call) {
  std::vector<Value> values;
  for (const auto& [key, value] : call.value(0).as_dict().entries()) values.push_back(value);
  return make_view(SequenceType::dict_values, std::move(values), call.budget());
}

Value dict_items(Call& call) {
  std::vector<Value> pairs;
  for (const auto& [key, value] : call.value(0).as_dict().entries()) pairs.push_back(Value::tuple({key, value}));
  return make_view(SequenceType::dict_items, std::move(pairs), call.budget());
}

constexpr std::array<Builtin, 5> kDictMethods = {{
    {"copy", "self", [](Call& call) { return call.value(0); }},
    {"get", "self key default?", dict_get},
    {"items", "self", dict_items},
    {"keys", "self", dict_keys},
    {"values", "self", dict_values},
}};

// ---- Lists, tuples and ranges ----

Value sequence_count(Call& call) {
  const auto& items = call.value(0).as_sequence().items;
  for (const Value& item : items) spend_comparison(call.budget(), item, call.value(1));
  return Value::integer(
      std::count_if(items.begin(), items.end(), [&](const Value& item) { return equal(item, call.value(1)); }));
}

Value sequence_index(Call& call) {
  const auto& items = call.value(0).as_sequence().items;
  for (const Value& item : items) spend_comparison(call.budget(), item, call.value(1));
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Value& item) { return equal(item, call.value(1)); });
  if (found == items.end())
    fail(ErrorCode::not_found, "index(): the value is not in the {}", call.value(0).type_name());
  return Value::integer(found - items.begin());
}

constexpr std::array<Builtin, 3> kSequenceMethods = {{
    {"copy", "self", [](Call& call) { return call.value(0); }},
    {"count", "self value", sequence_count},
    {"index", "self value", sequence_index},
}};

// ---- Numbers ----

Value number_is_integer(Call& call) {
  const double number = call.value(0).as_number();
  return Value::boolean(std::isfinite(number) && number == std::floor(number));
}

Value bit_length(Call& call) {
  const int64_t number = call.integer(0);
  uint64_t magnitude = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  int64_t bits = 0;
  for (; magnitude != 0; magnitude >>= 1) ++bits;
  return Value::integer(bits);
}

constexpr std::array<Builtin, 2> kNumberMethods = {{
    {"is_integer", "self", number_is_integer},
    {"bit_length", "self", bit_length},
}};

}  // namespace

std::span<const Builtin> dict_methods() { return kDictMethods; }
std::span<const Builtin> sequence_methods() { return kSequenceMethods; }
std::span<const Builtin> number_methods() { return kNumberMethods; }

}  // namespace adze::text::jinja
