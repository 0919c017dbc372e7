// How each kind of expression evaluates.
#include "text/chat_templates/builtins.h"
#include "text/chat_templates/interpreter.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/print.h"

namespace adze::text::jinja {

namespace {

void add_keyword_rest(Arguments& arguments, const Value& rest, Budget& budget) {
  if (!rest.is(Kind::dict)) fail(ErrorCode::bad_input, "'**' needs a dictionary, got {}", rest.type_name());
  budget.spend_values(rest.as_dict().entries().size());
  for (const auto& [name, value] : rest.as_dict().entries()) {
    if (!name.is_string()) fail(ErrorCode::bad_input, "'**' needs string keys, got {}", name.type_name());
    arguments.keyword.emplace_back(name.as_string(), value);
  }
}

std::optional<int64_t> evaluate_index(Interpreter& interpreter, const ExpressionPointer& expression) {
  if (!expression) return std::nullopt;
  const Value value = interpreter.evaluate(*expression);
  if (value.is_none()) return std::nullopt;
  if (!value.is_integral()) fail(ErrorCode::bad_input, "a slice needs integers, got {}", value.type_name());
  return value.as_integer();
}

}  // namespace

Arguments ArgumentList::evaluate(Interpreter& interpreter) const {
  Arguments arguments;
  for (const ExpressionPointer& value : positional) arguments.positional.push_back(interpreter.evaluate(*value));
  if (positional_rest) {
    const std::vector<Value> rest = iterate(interpreter.evaluate(*positional_rest), interpreter.budget());
    arguments.positional.insert(arguments.positional.end(), rest.begin(), rest.end());
  }
  for (const auto& [name, value] : keyword) arguments.keyword.emplace_back(name, interpreter.evaluate(*value));
  if (keyword_rest) add_keyword_rest(arguments, interpreter.evaluate(*keyword_rest), interpreter.budget());
  return arguments;
}

Value Constant::evaluate(Interpreter&) const { return value; }

Value Name::evaluate(Interpreter& interpreter) const { return interpreter.look_up(name); }

Value SequenceLiteral::evaluate(Interpreter& interpreter) const {
  std::vector<Value> values;
  interpreter.budget().spend_items(items.size());
  values.reserve(items.size());
  for (const ExpressionPointer& item : items) values.push_back(interpreter.evaluate(*item));
  return Value::sequence(std::make_shared<const Sequence>(type, std::move(values)));
}

Value DictLiteral::evaluate(Interpreter& interpreter) const {
  Dict dict;
  for (const auto& [key, value] : entries) {
    const Value evaluated_key = interpreter.evaluate(*key);
    interpreter.budget().spend_values(1);
    dict.set(evaluated_key, interpreter.evaluate(*value));
  }
  return Value::dict(std::move(dict));
}

Value UnaryOperation::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*operand);
  interpreter.at(*this);
  return apply_unary(operation, value);
}

Value BinaryOperation::evaluate(Interpreter& interpreter) const {
  const Value first = interpreter.evaluate(*left);
  const Value second = interpreter.evaluate(*right);
  interpreter.at(*this);
  return apply_binary(operation, first, second, interpreter.budget());
}

Value LogicalOperation::evaluate(Interpreter& interpreter) const {
  Value first = interpreter.evaluate(*left);
  return first.truth() == is_and ? interpreter.evaluate(*right) : first;
}

Value ComparisonChain::evaluate(Interpreter& interpreter) const {
  Value previous = interpreter.evaluate(*first);
  for (const auto& [comparison, operand] : links) {
    Value next = interpreter.evaluate(*operand);
    interpreter.at(*this);
    if (!compare(comparison, previous, next, interpreter.budget())) return Value::boolean(false);
    previous = std::move(next);
  }
  return Value::boolean(true);
}

Value Concatenation::evaluate(Interpreter& interpreter) const {
  std::string text;
  for (const ExpressionPointer& part : parts) {
    const std::string piece = to_text(interpreter.evaluate(*part), interpreter.budget());
    interpreter.at(*this);
    interpreter.budget().spend_bytes(piece.size());
    text += piece;
  }
  return Value::string(std::move(text));
}

Value Conditional::evaluate(Interpreter& interpreter) const {
  if (interpreter.evaluate(*condition).truth()) return interpreter.evaluate(*when_true);
  if (when_false) return interpreter.evaluate(*when_false);
  return Value::undefined("the inline if without else");
}

Value BlockText::evaluate(Interpreter& interpreter) const { return interpreter.block_text; }

Value FilterCall::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*subject);
  const Arguments evaluated = arguments.evaluate(interpreter);
  interpreter.at(*this);
  return call_filter(interpreter, name, value, evaluated);
}

Value TestCall::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*subject);
  const Arguments evaluated = arguments.evaluate(interpreter);
  interpreter.at(*this);
  return Value::boolean(call_test(interpreter, name, value, evaluated));
}

Value AttributeAccess::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*subject);
  interpreter.at(*this);
  return get_attribute(value, name);
}

Value ItemAccess::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*subject);
  const Value index = interpreter.evaluate(*key);
  interpreter.at(*this);
  return get_item(value, index, interpreter.budget());
}

Value SliceAccess::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*subject);
  SliceIndexes indexes;
  indexes.start = evaluate_index(interpreter, start);
  indexes.stop = evaluate_index(interpreter, stop);
  indexes.step = evaluate_index(interpreter, step).value_or(1);
  interpreter.at(*this);
  return get_slice(value, indexes, interpreter.budget());
}

Value FunctionCall::evaluate(Interpreter& interpreter) const {
  const Value callee = interpreter.evaluate(*function);
  const Arguments evaluated = arguments.evaluate(interpreter);
  interpreter.at(*this);
  return interpreter.call(callee, evaluated);
}

}  // namespace adze::text::jinja
