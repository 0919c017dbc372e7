#include "text/chat_templates/interpreter.h"

#include "text/chat_templates/builtins.h"
#include "text/chat_templates/operators.h"

namespace adze::text::jinja {

namespace {

constexpr uint64_t kKeptValues = 4;  // what a namespace or a captured scope costs: it is kept until the end

}  // namespace

class Interpreter::DepthGuard {
 public:
  explicit DepthGuard(int& depth) : depth_(depth) {
    if (depth_ >= kMaxEvaluationDepth)
      fail(ErrorCode::bad_input, "evaluation nests too deeply; is a macro calling itself forever?");
    ++depth_;
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int& depth_;
};

const Value* Scope::find(const std::string& name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent.get()) {
    const auto found = scope->names.find(name);
    if (found != scope->names.end()) return &found->second;
  }
  return nullptr;
}

std::optional<Value> Namespace::attribute(const std::string& name) const {
  const auto found = attributes.find(name);
  if (found == attributes.end()) return std::nullopt;
  return found->second;
}

Interpreter::Interpreter(const Source& source, Budget budget, std::chrono::system_clock::time_point now)
    : source_(source), budget_(budget), now_(now), scope_(std::make_shared<Scope>(nullptr)) {}

Interpreter::~Interpreter() {
  // Macros hold scopes and scopes hold macros: empty the scopes first, one by one, so that nothing is left in a cycle.
  for (const auto& scope : captured_scopes_) scope->names.clear();
  for (const auto& space : namespaces_) space->attributes.clear();
}

std::string Interpreter::render(const Block& block, const Dict& context) {
  for (const Builtin& function : global_functions()) set_name(function.name, make_function(function));
  const EnterScope context_scope = enter_inner_scope();
  for (const auto& [name, value] : context.entries()) set_name(name.as_string(), value);
  const EnterScope template_scope = enter_inner_scope();
  try {
    execute(block);
  } catch (const Error& error) {
    throw Error(error.code(), source_.position(offset_) + ": " + error.what());
  }
  return std::move(output_);
}

Value Interpreter::evaluate(const Expression& expression) {
  const DepthGuard guard(depth_);
  budget_.spend_steps(1);
  return expression.evaluate(*this);
}

Flow Interpreter::execute(const Block& block) {
  const DepthGuard guard(depth_);
  for (const auto& statement : block) {
    at(*statement);
    budget_.spend_steps(1);
    const Flow flow = statement->execute(*this);
    if (flow != Flow::normal) return flow;
  }
  return Flow::normal;
}

std::string Interpreter::capture(const std::function<void()>& run) {
  std::string outer = std::exchange(output_, {});
  run();
  return std::exchange(output_, std::move(outer));
}

void Interpreter::write(std::string_view text) {
  budget_.spend_bytes(text.size());
  output_ += text;
}

Value Interpreter::look_up(const std::string& name) const {
  const Value* value = scope_->find(name);
  return value != nullptr ? *value : Value::undefined("'" + name + "'");
}

const std::shared_ptr<Scope>& Interpreter::capture_scope() {
  budget_.spend_values(kKeptValues);
  if (captured_scopes_.empty() || captured_scopes_.back() != scope_) captured_scopes_.push_back(scope_);
  return scope_;
}

void Interpreter::assign(const Target& target, const Value& value) {
  if (target.is_tuple) return assign_tuple(target, value);
  if (!target.attribute.empty()) return assign_attribute(target, value);
  set_name(target.name, value);
}

void Interpreter::assign_tuple(const Target& target, const Value& value) {
  const std::vector<Value> items = iterate(value, budget_);
  if (items.size() != target.items.size()) {
    fail(ErrorCode::bad_input, "cannot unpack {} values into {} names", items.size(), target.items.size());
  }
  for (size_t i = 0; i < items.size(); ++i) assign(target.items[i], items[i]);
}

void Interpreter::assign_attribute(const Target& target, const Value& value) {
  const Value owner = look_up(target.name);
  auto* space = owner.is(Kind::object) ? dynamic_cast<Namespace*>(&owner.as_object()) : nullptr;
  if (space == nullptr) {
    fail(ErrorCode::bad_input, "cannot set '{}' of {}: only a namespace(...) has attributes that can be set",
         target.attribute, owner.type_name());
  }
  space->attributes[target.attribute] = value;
}

Value Interpreter::make_namespace(Arguments arguments) {
  budget_.spend_values(kKeptValues + arguments.keyword.size());
  auto space = std::make_unique<Namespace>();
  if (arguments.positional.size() > 1) fail(ErrorCode::bad_input, "namespace() takes at most one dictionary");
  for (const Value& initial : arguments.positional) {
    if (!initial.is(Kind::dict)) fail(ErrorCode::bad_input, "namespace() takes a dictionary or name=value arguments");
    budget_.spend_values(initial.as_dict().entries().size());
    for (const auto& [key, value] : initial.as_dict().entries()) {
      if (key.is_string()) space->attributes[key.as_string()] = value;
    }
  }
  for (auto& [name, value] : arguments.keyword) space->attributes[name] = std::move(value);
  namespaces_.push_back(std::move(space));
  // Not owning: see ~Interpreter().
  return Value::object(std::shared_ptr<Object>(std::shared_ptr<Object>(), namespaces_.back().get()));
}

Value Interpreter::call(const Value& function, const Arguments& arguments) {
  if (function.is_undefined())
    fail(ErrorCode::bad_input, "{} is undefined and cannot be called", function.undefined_hint());
  if (!function.is(Kind::object) || !function.as_object().is_callable()) {
    fail(ErrorCode::bad_input, "a value of type {} cannot be called", function.type_name());
  }
  const DepthGuard guard(depth_);
  // A copy keeps the object alive while it runs.
  const Value keeper = function;
  return keeper.as_object().call(*this, arguments);
}

}  // namespace adze::text::jinja
