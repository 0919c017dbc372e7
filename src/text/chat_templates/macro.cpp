#include "text/chat_templates/macro.h"

#include <algorithm>
#include <unordered_set>

namespace adze::text::jinja {

std::string Macro::text() const {
  return definition_.name.empty() ? "<Macro anonymous>" : "<Macro '" + definition_.name + "'>";
}

std::optional<Value> Macro::attribute(const std::string& name) const {
  if (name == "name") return definition_.name.empty() ? Value::none() : Value::string(definition_.name);
  if (name == "catch_kwargs") return Value::boolean(definition_.uses_kwargs);
  if (name == "catch_varargs") return Value::boolean(definition_.uses_varargs);
  if (name == "caller") return Value::boolean(definition_.uses_caller);
  if (name != "arguments") return std::nullopt;
  std::vector<Value> names;
  for (const std::string& parameter : definition_.parameters) names.push_back(Value::string(parameter));
  return Value::tuple(std::move(names));
}

bool Macro::has_parameter(const std::string& name) const {
  return std::find(definition_.parameters.begin(), definition_.parameters.end(), name) != definition_.parameters.end();
}

Value Macro::call(Interpreter& interpreter, const Arguments& arguments) {
  const Interpreter::EnterScope scope(interpreter, std::make_shared<Scope>(scope_));
  bind(interpreter, arguments);
  return Value::string(interpreter.capture([&] { interpreter.execute(definition_.body); }));
}

void Macro::bind(Interpreter& interpreter, const Arguments& arguments) const {
  const size_t count = definition_.parameters.size();
  const size_t extra = arguments.positional.size() - std::min(arguments.positional.size(), count);
  if (extra > 0 && !definition_.uses_varargs) {
    fail(ErrorCode::bad_input, "macro '{}' takes at most {} arguments", definition_.name, count);
  }
  if (definition_.uses_varargs && !has_parameter("varargs")) {
    const auto end = arguments.positional.end();
    interpreter.set_name("varargs", Value::tuple({end - static_cast<std::ptrdiff_t>(extra), end}));
  }
  Dict keyword;
  interpreter.budget().spend_values(arguments.keyword.size() + count);
  for (const auto& [name, value] : arguments.keyword) keyword.set(name, value);
  bind_parameters(interpreter, arguments, keyword);
  bind_rest(interpreter, arguments, keyword);
}

void Macro::bind_parameters(Interpreter& interpreter, const Arguments& arguments, const Dict& keyword) const {
  const std::vector<std::string>& parameters = definition_.parameters;
  const size_t first_default = parameters.size() - definition_.defaults.size();
  for (size_t i = 0; i < parameters.size(); ++i) {
    const std::string& name = parameters[i];
    if (i < arguments.positional.size()) {
      interpreter.set_name(name, arguments.positional[i]);
    } else if (const Value* given = keyword.find(name)) {
      interpreter.set_name(name, *given);
    } else if (i >= first_default) {
      interpreter.set_name(name, interpreter.evaluate(*definition_.defaults[i - first_default]));
    } else {
      interpreter.set_name(name, Value::undefined("parameter '" + name + "'"));
    }
  }
}

/// Keyword arguments that are no parameters: the caller, and what `kwargs` takes.
void Macro::bind_rest(Interpreter& interpreter, const Arguments& arguments, const Dict& keyword) const {
  const std::vector<std::string>& parameters = definition_.parameters;
  const size_t positional = std::min(arguments.positional.size(), parameters.size());
  const std::unordered_set<std::string> taken(parameters.begin() + static_cast<std::ptrdiff_t>(positional),
                                              parameters.end());
  const bool takes_caller = definition_.uses_caller && !has_parameter("caller");
  if (takes_caller) interpreter.set_name("caller", Value::undefined("'caller'"));
  Dict rest;
  for (const auto& [name, value] : keyword.entries()) {
    if (takes_caller && name.as_string() == "caller") {
      interpreter.set_name("caller", value);
    } else if (!taken.contains(name.as_string())) {
      rest.set(name, value);
    }
  }
  if (definition_.uses_kwargs && !has_parameter("kwargs")) {
    interpreter.set_name("kwargs", Value::dict(std::move(rest)));
  } else if (!rest.entries().empty()) {
    fail(ErrorCode::bad_input, "macro '{}' has no parameter '{}'", definition_.name,
         rest.entries()[0].first.as_string());
  }
}

}  // namespace adze::text::jinja
