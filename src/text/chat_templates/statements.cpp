// What each kind of statement does.
#include "text/chat_templates/interpreter.h"
#include "text/chat_templates/loop.h"
#include "text/chat_templates/macro.h"
#include "text/chat_templates/print.h"

namespace adze::text::jinja {

namespace {

/// The output of a block in a scope of its own.
Flow capture_block(Interpreter& interpreter, const Block& block, std::string& text) {
  const auto scope = interpreter.enter_inner_scope();
  Flow flow = Flow::normal;
  text = interpreter.capture([&] { flow = interpreter.execute(block); });
  return flow;
}

Value apply_filters(Interpreter& interpreter, const Expression& filters, std::string text) {
  Value outer = std::exchange(interpreter.block_text, Value::string(std::move(text)));
  Value result = interpreter.evaluate(filters);
  interpreter.block_text = std::move(outer);
  return result;
}

}  // namespace

Flow TextOutput::execute(Interpreter& interpreter) const {
  interpreter.write(text);
  return Flow::normal;
}

Flow PrintStatement::execute(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*expression);
  interpreter.write(value.is_string() ? value.as_string() : to_text(value, interpreter.budget()));
  return Flow::normal;
}

Flow IfStatement::execute(Interpreter& interpreter) const {
  for (const auto& [condition, body] : branches) {
    if (interpreter.evaluate(*condition).truth()) return interpreter.execute(body);
  }
  return interpreter.execute(otherwise);
}

Flow ForStatement::execute(Interpreter& interpreter) const {
  const Value values = interpreter.evaluate(*items);
  interpreter.at(*this);
  return run_loop(interpreter, *this, values, 0);
}

Flow BreakStatement::execute(Interpreter&) const { return Flow::break_loop; }
Flow ContinueStatement::execute(Interpreter&) const { return Flow::continue_loop; }

Flow SetStatement::execute(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*expression);
  interpreter.at(*this);
  interpreter.assign(target, value);
  return Flow::normal;
}

Flow SetBlock::execute(Interpreter& interpreter) const {
  std::string text;
  const Flow flow = capture_block(interpreter, body, text);
  if (flow != Flow::normal) return flow;
  const Value value = filters ? apply_filters(interpreter, *filters, std::move(text)) : Value::string(std::move(text));
  interpreter.at(*this);
  interpreter.assign(target, value);
  return Flow::normal;
}

Flow FilterBlock::execute(Interpreter& interpreter) const {
  std::string text;
  const Flow flow = capture_block(interpreter, body, text);
  if (flow != Flow::normal) return flow;
  interpreter.write(to_text(apply_filters(interpreter, *filters, std::move(text)), interpreter.budget()));
  return Flow::normal;
}

Flow MacroStatement::execute(Interpreter& interpreter) const {
  interpreter.set_name(macro.name, Value::object(std::make_shared<Macro>(macro, interpreter.capture_scope())));
  return Flow::normal;
}

Flow CallBlock::execute(Interpreter& interpreter) const {
  const Value callee = interpreter.evaluate(*call->function);
  Arguments arguments = call->arguments.evaluate(interpreter);
  arguments.keyword.emplace_back("caller", Value::object(std::make_shared<Macro>(caller, interpreter.capture_scope())));
  interpreter.at(*this);
  interpreter.write(to_text(interpreter.call(callee, arguments), interpreter.budget()));
  return Flow::normal;
}

Flow WithStatement::execute(Interpreter& interpreter) const {
  std::vector<Value> values;
  for (const auto& [target, expression] : assignments) values.push_back(interpreter.evaluate(*expression));
  const auto scope = interpreter.enter_inner_scope();
  for (size_t i = 0; i < values.size(); ++i) interpreter.assign(assignments[i].first, values[i]);
  return interpreter.execute(body);
}

Flow ScopedBlock::execute(Interpreter& interpreter) const {
  const auto scope = interpreter.enter_inner_scope();
  return interpreter.execute(body);
}

}  // namespace adze::text::jinja
