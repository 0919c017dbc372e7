// + - * / // % ** on numbers, strings and sequences.
#include <cmath>

#include "base/error.h"
#include "text/chat_templates/budget.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/python_format.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja {

namespace {

const char* symbol(BinaryOperator operation) {
  switch (operation) {
    case BinaryOperator::add:
      return "+";
    case BinaryOperator::subtract:
      return "-";
    case BinaryOperator::multiply:
      return "*";
    case BinaryOperator::divide:
      return "/";
    case BinaryOperator::floor_divide:
      return "//";
    case BinaryOperator::modulo:
      return "%";
    case BinaryOperator::power:
      return "**";
  }
  return "?";
}

[[noreturn]] void fail_overflow() { fail(ErrorCode::unsupported, "an integer result does not fit 64 bits"); }
[[noreturn]] void fail_division() { fail(ErrorCode::bad_input, "division by zero"); }

int64_t checked_product(int64_t left, int64_t right) {
  int64_t result = 0;
  if (__builtin_mul_overflow(left, right, &result)) fail_overflow();
  return result;
}

int64_t floor_quotient(int64_t left, int64_t right) {
  if (right == 0) fail_division();
  if (left == INT64_MIN && right == -1) fail_overflow();
  const int64_t quotient = left / right;
  return left % right != 0 && (left < 0) != (right < 0) ? quotient - 1 : quotient;
}

int64_t floor_remainder(int64_t left, int64_t right) {
  if (right == 0) fail_division();
  if (right == -1) return 0;
  const int64_t remainder = left % right;
  return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder;
}

double floor_remainder(double left, double right) {
  if (right == 0) fail_division();
  const double remainder = std::fmod(left, right);
  if (remainder == 0) return std::copysign(0.0, right);
  return (remainder < 0) != (right < 0) ? remainder + right : remainder;
}

double floor_quotient(double left, double right) {
  const double quotient = (left - floor_remainder(left, right)) / right;
  if (quotient == 0) return std::copysign(0.0, left / right);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

int64_t integer_power(int64_t base, int64_t exponent) {
  int64_t result = 1;
  while (exponent > 0) {
    if ((exponent & 1) != 0) result = checked_product(result, base);
    exponent >>= 1;
    if (exponent > 0) base = checked_product(base, base);
  }
  return result;
}

double float_power(double base, double exponent) {
  if (base == 0 && exponent < 0) fail(ErrorCode::bad_input, "0 cannot be raised to a negative power");
  if (base < 0 && std::isfinite(base) && std::isfinite(exponent) && exponent != std::floor(exponent)) {
    fail(ErrorCode::unsupported, "a fractional power of a negative number is not real");
  }
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    fail(ErrorCode::bad_input, "the result of ** does not fit a double");
  }
  return result;
}

Value integer_operation(BinaryOperator operation, int64_t left, int64_t right) {
  int64_t result = 0;
  bool overflows = false;
  switch (operation) {
    case BinaryOperator::add:
      overflows = __builtin_add_overflow(left, right, &result);
      break;
    case BinaryOperator::subtract:
      overflows = __builtin_sub_overflow(left, right, &result);
      break;
    case BinaryOperator::multiply:
      result = checked_product(left, right);
      break;
    case BinaryOperator::floor_divide:
      result = floor_quotient(left, right);
      break;
    case BinaryOperator::modulo:
      result = floor_remainder(left, right);
      break;
    case BinaryOperator::divide:
      if (right == 0) fail_division();
      return Value::floating(static_cast<double>(left) / static_cast<double>(right));
    case BinaryOperator::power:
      if (right < 0) return Value::floating(float_power(static_cast<double>(left), static_cast<double>(right)));
      return Value::integer(integer_power(left, right));
  }
  if (overflows) fail_overflow();
  return Value::integer(result);
}

double float_operation(BinaryOperator operation, double left, double right) {
  switch (operation) {
    case BinaryOperator::add:
      return left + right;
    case BinaryOperator::subtract:
      return left - right;
    case BinaryOperator::multiply:
      return left * right;
    case BinaryOperator::floor_divide:
      return floor_quotient(left, right);
    case BinaryOperator::modulo:
      return floor_remainder(left, right);
    case BinaryOperator::power:
      return float_power(left, right);
    case BinaryOperator::divide:
      if (right == 0) fail_division();
      return left / right;
  }
  return 0;
}

Value join_strings(const Value& left, const Value& right, Budget& budget) {
  const bool markup = left.is_markup() || right.is_markup();
  const auto part = [&](const Value& value) {
    return markup && !value.is_markup() ? escape_html(value.as_string()) : value.as_string();
  };
  std::string joined = part(left) + part(right);
  budget.spend_bytes(joined.size());
  return Value::string(std::move(joined), markup);
}

bool is_list_or_tuple(const Value& value) {
  return value.is(Kind::sequence) &&
         (value.as_sequence().type == SequenceType::list || value.as_sequence().type == SequenceType::tuple);
}

Value make_sequence_like(const Sequence& sequence, std::vector<Value> items) {
  return Value::sequence(std::make_shared<const Sequence>(sequence.type, std::move(items)));
}

Value join_sequences(const Sequence& left, const Sequence& right, Budget& budget) {
  budget.spend_items(left.items.size() + right.items.size());
  std::vector<Value> items = left.items;
  items.insert(items.end(), right.items.begin(), right.items.end());
  return make_sequence_like(left, std::move(items));
}

Value repeat_sequence(const Sequence& sequence, int64_t times, Budget& budget) {
  std::vector<Value> items;
  for (int64_t i = 0; i < times && !sequence.items.empty(); ++i) {
    budget.spend_items(sequence.items.size());
    items.insert(items.end(), sequence.items.begin(), sequence.items.end());
  }
  return make_sequence_like(sequence, std::move(items));
}

std::optional<Value> repeat_value(const Value& value, const Value& times, Budget& budget) {
  if (!times.is_integral()) return std::nullopt;
  if (value.is_string()) {
    return Value::string(repeat(value.as_string(), times.as_integer(), budget), value.is_markup());
  }
  if (is_list_or_tuple(value)) return repeat_sequence(value.as_sequence(), times.as_integer(), budget);
  return std::nullopt;
}

std::optional<Value> apply_to_containers(BinaryOperator operation, const Value& left, const Value& right,
                                         Budget& budget) {
  if (operation == BinaryOperator::modulo && left.is_string()) return format_percent(left, right, budget);
  if (operation == BinaryOperator::multiply) {
    auto repeated = repeat_value(left, right, budget);
    return repeated ? repeated : repeat_value(right, left, budget);
  }
  if (operation != BinaryOperator::add) return std::nullopt;
  if (left.is_string() && right.is_string()) return join_strings(left, right, budget);
  if (is_list_or_tuple(left) && is_list_or_tuple(right) && left.as_sequence().type == right.as_sequence().type) {
    return join_sequences(left.as_sequence(), right.as_sequence(), budget);
  }
  return std::nullopt;
}

}  // namespace

Value apply_binary(BinaryOperator operation, const Value& left, const Value& right, Budget& budget) {
  if (left.is_integral() && right.is_integral()) {
    return integer_operation(operation, left.as_integer(), right.as_integer());
  }
  if (left.is_number() && right.is_number()) {
    return Value::floating(float_operation(operation, left.as_number(), right.as_number()));
  }
  for (const Value* side : {&left, &right}) {
    const bool is_formatted = side == &right && left.is_string() && operation == BinaryOperator::modulo;
    if (side->is_undefined() && !is_formatted) {
      fail(ErrorCode::bad_input, "{} is undefined; give it a value or use `| default(...)`", side->undefined_hint());
    }
  }
  if (auto result = apply_to_containers(operation, left, right, budget)) return *result;
  fail(ErrorCode::bad_input, "'{}' does not work on {} and {}; convert one of them, or use ~ to join texts",
       symbol(operation), left.type_name(), right.type_name());
}

Value apply_unary(UnaryOperator operation, const Value& operand) {
  if (operation == UnaryOperator::logical_not) return Value::boolean(!operand.truth());
  if (operand.is_undefined()) fail(ErrorCode::bad_input, "{} is undefined", operand.undefined_hint());
  if (!operand.is_number()) fail(ErrorCode::bad_input, "a sign needs a number, got {}", operand.type_name());
  if (operand.is(Kind::floating)) {
    return Value::floating(operation == UnaryOperator::negate ? -operand.as_number() : operand.as_number());
  }
  if (operation == UnaryOperator::plus) return Value::integer(operand.as_integer());
  return integer_operation(BinaryOperator::subtract, 0, operand.as_integer());
}

}  // namespace adze::text::jinja
