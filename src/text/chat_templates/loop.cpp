#include "text/chat_templates/loop.h"

#include <algorithm>
#include <array>

#include "text/chat_templates/compare.h"
#include "text/chat_templates/operators.h"

namespace adze::text::jinja {

namespace {

Value neighbour(const LoopState& loop, bool exists, size_t index, const char* hint) {
  return exists ? loop.items[index] : Value::undefined(hint);
}

struct LoopAttribute {
  const char* name;
  Value (*read)(const LoopState& loop);
};

constexpr std::array<LoopAttribute, 11> kLoopAttributes = {{
    {"index", [](const LoopState& loop) { return Value::integer_from_size(loop.index + 1); }},
    {"index0", [](const LoopState& loop) { return Value::integer_from_size(loop.index); }},
    {"revindex", [](const LoopState& loop) { return Value::integer_from_size(loop.items.size() - loop.index); }},
    {"revindex0", [](const LoopState& loop) { return Value::integer_from_size(loop.items.size() - loop.index - 1); }},
    {"first", [](const LoopState& loop) { return Value::boolean(loop.index == 0); }},
    {"last", [](const LoopState& loop) { return Value::boolean(loop.index + 1 == loop.items.size()); }},
    {"length", [](const LoopState& loop) { return Value::integer_from_size(loop.items.size()); }},
    {"depth", [](const LoopState& loop) { return Value::integer(loop.depth + 1); }},
    {"depth0", [](const LoopState& loop) { return Value::integer(loop.depth); }},
    {"previtem",
     [](const LoopState& loop) {
       return neighbour(loop, loop.index > 0, loop.index - 1, "the item before the first");
     }},
    {"nextitem",
     [](const LoopState& loop) {
       return neighbour(loop, loop.index + 1 < loop.items.size(), loop.index + 1, "the item after the last");
     }},
}};

Value cycle(Interpreter&, LoopState& loop, const Arguments& arguments) {
  if (arguments.positional.empty()) fail(ErrorCode::bad_input, "loop.cycle() needs values to cycle through");
  return arguments.positional[loop.index % arguments.positional.size()];
}

Value changed(Interpreter& interpreter, LoopState& loop, const Arguments& arguments) {
  Value current = Value::tuple(arguments.positional);
  if (loop.last_changed) {
    spend_comparison(interpreter.budget(), *loop.last_changed, current);
    if (equal(*loop.last_changed, current)) return Value::boolean(false);
  }
  loop.last_changed = std::move(current);
  return Value::boolean(true);
}

class LoopFunction : public Object {
 public:
  using Run = Value (*)(Interpreter&, LoopState&, const Arguments&);
  LoopFunction(Run run, std::weak_ptr<LoopState> loop) : run_(run), loop_(std::move(loop)) {}
  std::string type_name() const override { return "method"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, const Arguments& arguments) override {
    const auto loop = loop_.lock();
    if (!loop) fail(ErrorCode::bad_input, "this loop is over");
    return run_(interpreter, *loop, arguments);
  }

 private:
  Run run_;
  std::weak_ptr<LoopState> loop_;
};

/// The items that satisfy the loop's own `if`.
std::vector<Value> select_items(Interpreter& interpreter, const ForStatement& statement, std::vector<Value> items) {
  if (!statement.condition) return items;
  std::vector<Value> selected;
  for (Value& item : items) {
    const auto scope = interpreter.enter_inner_scope();
    interpreter.assign(statement.target, item);
    if (interpreter.evaluate(*statement.condition).truth()) selected.push_back(std::move(item));
  }
  return selected;
}

/// Forgets what loop.changed() remembers when the loop is left: it may hold the loop itself.
class ForgetChanges {
 public:
  explicit ForgetChanges(LoopState& loop) : loop_(loop) {}
  ~ForgetChanges() { loop_.last_changed.reset(); }
  ForgetChanges(const ForgetChanges&) = delete;
  ForgetChanges& operator=(const ForgetChanges&) = delete;

 private:
  LoopState& loop_;
};

}  // namespace

Loop::Loop(std::shared_ptr<LoopState> state) : state_(std::move(state)) {
  for (const Value& item : state_->items) value_depth_ = std::max(value_depth_, item.depth() + 1);
}

std::string Loop::text() const { return fmt::format("<LoopContext {}/{}>", state_->index + 1, state_->items.size()); }

std::optional<Value> Loop::attribute(const std::string& name) const {
  if (name == "cycle") return Value::object(std::make_shared<LoopFunction>(cycle, state_));
  if (name == "changed") return Value::object(std::make_shared<LoopFunction>(changed, state_));
  const auto found = std::find_if(kLoopAttributes.begin(), kLoopAttributes.end(),
                                  [&](const LoopAttribute& row) { return row.name == name; });
  if (found == kLoopAttributes.end()) return std::nullopt;
  return found->read(*state_);
}

Value Loop::call(Interpreter& interpreter, const Arguments& arguments) {
  if (!state_->statement->is_recursive) {
    fail(ErrorCode::bad_input, "only a loop marked 'recursive' can be called: {{% for ... recursive %}}");
  }
  if (arguments.positional.size() != 1) fail(ErrorCode::bad_input, "loop() takes the items to loop over");
  const auto scope = state_->scope.lock();
  if (!scope) fail(ErrorCode::bad_input, "this loop is over");
  const Interpreter::EnterScope around(interpreter, scope);
  return Value::string(interpreter.capture(
      [&] { run_loop(interpreter, *state_->statement, arguments.positional[0], state_->depth + 1); }));
}

Flow run_loop(Interpreter& interpreter, const ForStatement& statement, const Value& items, int64_t depth) {
  const auto state = std::make_shared<LoopState>();
  const ForgetChanges forget(*state);
  state->statement = &statement;
  state->scope = interpreter.scope();
  state->items = select_items(interpreter, statement, iterate(items, interpreter.budget()));
  state->depth = depth;
  if (state->items.empty()) {
    const auto scope = interpreter.enter_inner_scope();
    return interpreter.execute(statement.otherwise);
  }
  const Value loop = Value::object(std::make_shared<Loop>(state));
  for (; state->index < state->items.size(); ++state->index) {
    const auto scope = interpreter.enter_inner_scope();
    interpreter.set_name("loop", loop);
    interpreter.at(statement);
    interpreter.assign(statement.target, state->items[state->index]);
    if (interpreter.execute(statement.body) == Flow::break_loop) break;
  }
  return Flow::normal;
}

}  // namespace adze::text::jinja
