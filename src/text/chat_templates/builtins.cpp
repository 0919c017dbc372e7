#include "text/chat_templates/builtins.h"

#include <algorithm>

#include "text/chat_templates/operators.h"
#include "text/chat_templates/print.h"

namespace adze::text::jinja {

namespace {

struct Parameter {
  std::string_view name;
  bool is_optional = false;
};

struct Signature {
  std::vector<Parameter> parameters;
  bool takes_rest = false;
};

Signature read_signature(std::string_view text) {
  Signature signature;
  while (!text.empty()) {
    const size_t end = std::min(text.find(' '), text.size());
    std::string_view name = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (name == "*") {
      signature.takes_rest = true;
      continue;
    }
    const bool is_optional = name.ends_with('?');
    if (is_optional) name.remove_suffix(1);
    signature.parameters.push_back({name, is_optional});
  }
  return signature;
}

/// Matches arguments with parameters as Python does for a function with defaults.
class Binder {
 public:
  Binder(const Builtin& builtin, Signature signature)
      : builtin_(builtin), signature_(std::move(signature)), values_(signature_.parameters.size()) {}

  void bind_positional(const std::vector<Value>& arguments) {
    for (size_t i = 0; i < arguments.size(); ++i) {
      if (i < values_.size()) {
        values_[i] = arguments[i];
      } else if (signature_.takes_rest) {
        rest_.positional.push_back(arguments[i]);
      } else {
        fail(ErrorCode::bad_input, "{}: takes at most {} arguments, got {}", builtin_.name, values_.size(),
             arguments.size());
      }
    }
  }

  void bind_keyword(const std::string& name, const Value& value) {
    const auto& parameters = signature_.parameters;
    const auto found =
        std::find_if(parameters.begin(), parameters.end(), [&](const Parameter& row) { return row.name == name; });
    if (found == parameters.end()) {
      if (!signature_.takes_rest) fail(ErrorCode::bad_input, "{}: has no parameter '{}'", builtin_.name, name);
      rest_.keyword.emplace_back(name, value);
      return;
    }
    std::optional<Value>& slot = values_[static_cast<size_t>(found - parameters.begin())];
    if (slot) fail(ErrorCode::bad_input, "{}: got two values for '{}'", builtin_.name, name);
    slot = value;
  }

  Call finish(Interpreter& interpreter) {
    for (size_t i = 0; i < values_.size(); ++i) {
      if (values_[i] || signature_.parameters[i].is_optional) continue;
      fail(ErrorCode::bad_input, "{}: needs the argument '{}'", builtin_.name, signature_.parameters[i].name);
    }
    return Call(interpreter, builtin_.name, std::move(values_), std::move(rest_));
  }

 private:
  const Builtin& builtin_;
  Signature signature_;
  std::vector<std::optional<Value>> values_;
  Arguments rest_;
};

class Function : public Object {
 public:
  explicit Function(const Builtin& builtin) : builtin_(builtin) {}
  std::string type_name() const override { return "function"; }
  std::string text() const override { return std::string("<function ") + builtin_.name + ">"; }
  bool is_callable() const override { return true; }
  Value call(Interpreter& interpreter, const Arguments& arguments) override {
    return call_builtin(interpreter, builtin_, arguments);
  }

 private:
  const Builtin& builtin_;
};

class Method : public Object {
 public:
  Method(const Builtin& builtin, Value subject) : builtin_(builtin), subject_(std::move(subject)) {}
  std::string type_name() const override { return "builtin_function_or_method"; }
  std::string text() const override {
    return std::string("<built-in method ") + builtin_.name + " of " + subject_.type_name() + " object>";
  }
  bool is_callable() const override { return true; }
  int depth() const override { return subject_.depth() + 1; }
  Value call(Interpreter& interpreter, const Arguments& arguments) override {
    return call_builtin(interpreter, builtin_, subject_, arguments);
  }

 private:
  const Builtin& builtin_;
  Value subject_;
};

}  // namespace

std::string Call::text(size_t index) const {
  std::string text = to_text(value(index), budget());
  budget().spend_reading(text.size());
  return text;
}

const std::string& Call::string(size_t index) const {
  if (!value(index).is_string()) {
    fail(ErrorCode::bad_input, "{}: needs a string, got {}", name_, value(index).type_name());
  }
  budget().spend_reading(value(index).as_string().size());
  return value(index).as_string();
}

int64_t Call::integer(size_t index) const {
  if (!value(index).is_integral()) {
    fail(ErrorCode::bad_input, "{}: needs an integer, got {}", name_, value(index).type_name());
  }
  return value(index).as_integer();
}

std::vector<Value> Call::items(size_t index) const { return iterate(value(index), budget()); }

Value Call::like_subject(std::string text) const { return Value::string(std::move(text), value(0).is_markup()); }

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name) {
  const auto found = std::find_if(table.begin(), table.end(), [&](const Builtin& row) { return row.name == name; });
  return found != table.end() ? &*found : nullptr;
}

Value call_builtin(Interpreter& interpreter, const Builtin& builtin, const Arguments& arguments) {
  Binder binder(builtin, read_signature(builtin.parameters));
  binder.bind_positional(arguments.positional);
  for (const auto& [name, value] : arguments.keyword) binder.bind_keyword(name, value);
  Call call = binder.finish(interpreter);
  return builtin.run(call);
}

Value call_builtin(Interpreter& interpreter, const Builtin& builtin, const Value& subject, const Arguments& arguments) {
  Arguments all;
  all.positional.reserve(arguments.positional.size() + 1);
  all.positional.push_back(subject);
  for (const Value& argument : arguments.positional) all.positional.push_back(argument);
  all.keyword = arguments.keyword;
  return call_builtin(interpreter, builtin, all);
}

Value call_filter(Interpreter& interpreter, const std::string& name, const Value& subject, const Arguments& arguments) {
  const Builtin* filter = find_builtin(filters(), name);
  if (filter == nullptr) fail(ErrorCode::unsupported, "there is no filter '{}'", name);
  return call_builtin(interpreter, *filter, subject, arguments);
}

bool call_test(Interpreter& interpreter, const std::string& name, const Value& subject, const Arguments& arguments) {
  const Builtin* test = find_builtin(tests(), name);
  if (test == nullptr) fail(ErrorCode::unsupported, "there is no test '{}'", name);
  return call_builtin(interpreter, *test, subject, arguments).truth();
}

Value make_function(const Builtin& builtin) { return Value::object(std::make_shared<Function>(builtin)); }

Value make_method(const Builtin& builtin, Value subject) {
  return Value::object(std::make_shared<Method>(builtin, std::move(subject)));
}

}  // namespace adze::text::jinja
