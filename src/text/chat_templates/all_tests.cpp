// Every `is` test by name: a row and a function each.
#include <array>
#include <cmath>

#include "text/chat_templates/builtins.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja {

namespace {

Value is_divisible(Call& call) {
  const Value rest = apply_binary(BinaryOperator::modulo, call.value(0), call.value(1), call.budget());
  return Value::boolean(rest.is_number() && rest.as_number() == 0);
}

template <int wanted>
Value has_parity(Call& call) {
  const Value rest = apply_binary(BinaryOperator::modulo, call.value(0), Value::integer(2), call.budget());
  return Value::boolean(rest.is_number() && rest.as_number() == wanted);
}

template <Comparison comparison>
Value compares(Call& call) {
  return Value::boolean(compare(comparison, call.value(0), call.value(1), call.budget()));
}

template <Kind kind>
Value has_kind(Call& call) {
  return Value::boolean(call.value(0).is(kind));
}

template <bool wanted>
Value is_boolean_constant(Call& call) {
  return Value::boolean(call.value(0).is(Kind::boolean) && call.value(0).as_boolean() == wanted);
}

Value is_callable(Call& call) {
  const Value& value = call.value(0);
  return Value::boolean(value.is_undefined() || (value.is(Kind::object) && value.as_object().is_callable()));
}

Value is_sequence(Call& call) {
  const Value& value = call.value(0);
  const bool is_indexed = value.is(Kind::sequence) && value.as_sequence().traits().can_be_indexed;
  return Value::boolean(is_indexed || value.is_undefined() || value.is_string() || value.is(Kind::dict));
}

Value is_same(Call& call) {
  const Value& left = call.value(0);
  const Value& right = call.value(1);
  // Python keeps one object for equal short strings, so that comparing their text comes closest.
  const bool are_strings = left.is_string() && right.is_string() && left.as_string() == right.as_string();
  return Value::boolean(are_strings || left.same_as(right));
}

constexpr std::array<Builtin, 39> kTests = {{
    {"!=", "value other", compares<Comparison::not_equal>},
    {"<", "value other", compares<Comparison::less>},
    {"<=", "value other", compares<Comparison::less_or_equal>},
    {"==", "value other", compares<Comparison::equal>},
    {">", "value other", compares<Comparison::greater>},
    {">=", "value other", compares<Comparison::greater_or_equal>},
    {"boolean", "value", has_kind<Kind::boolean>},
    {"callable", "value", is_callable},
    {"defined", "value", [](Call& call) { return Value::boolean(!call.value(0).is_undefined()); }},
    {"divisibleby", "value num", is_divisible},
    {"eq", "value other", compares<Comparison::equal>},
    {"equalto", "value other", compares<Comparison::equal>},
    {"escaped", "value", [](Call& call) { return Value::boolean(call.value(0).is_markup()); }},
    {"even", "value", has_parity<0>},
    {"false", "value", is_boolean_constant<false>},
    {"filter", "value", [](Call& call) { return Value::boolean(find_builtin(filters(), call.text(0)) != nullptr); }},
    {"float", "value", has_kind<Kind::floating>},
    {"ge", "value other", compares<Comparison::greater_or_equal>},
    {"greaterthan", "value other", compares<Comparison::greater>},
    {"gt", "value other", compares<Comparison::greater>},
    {"in", "value seq", compares<Comparison::in>},
    {"integer", "value", has_kind<Kind::integer>},
    {"iterable", "value", [](Call& call) { return Value::boolean(is_iterable(call.value(0))); }},
    {"le", "value other", compares<Comparison::less_or_equal>},
    {"lessthan", "value other", compares<Comparison::less>},
    {"lower", "value",
     [](Call& call) { return Value::boolean(all_characters_are(call.text(0), CharacterClass::lower)); }},
    {"lt", "value other", compares<Comparison::less>},
    {"mapping", "value", has_kind<Kind::dict>},
    {"ne", "value other", compares<Comparison::not_equal>},
    {"none", "value", has_kind<Kind::none>},
    {"number", "value", [](Call& call) { return Value::boolean(call.value(0).is_number()); }},
    {"odd", "value", has_parity<1>},
    {"sameas", "value other", is_same},
    {"sequence", "value", is_sequence},
    {"string", "value", has_kind<Kind::string>},
    {"test", "value", [](Call& call) { return Value::boolean(find_builtin(tests(), call.text(0)) != nullptr); }},
    {"true", "value", is_boolean_constant<true>},
    {"undefined", "value", has_kind<Kind::undefined>},
    {"upper", "value",
     [](Call& call) { return Value::boolean(all_characters_are(call.text(0), CharacterClass::upper)); }},
}};

}  // namespace

std::span<const Builtin> tests() { return kTests; }

}  // namespace adze::text::jinja
