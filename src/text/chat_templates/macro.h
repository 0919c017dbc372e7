// Macros and the `caller` of a call block as callable values.
#pragma once

#include <memory>
#include <string>

#include "text/chat_templates/interpreter.h"

namespace adze::text::jinja {

class Macro : public Object {
 public:
  Macro(const MacroDefinition& definition, std::shared_ptr<Scope> scope)
      : definition_(definition), scope_(std::move(scope)) {}

  std::string type_name() const override { return "Macro"; }
  std::string text() const override;
  bool is_callable() const override { return true; }
  std::optional<Value> attribute(const std::string& name) const override;
  /// Renders the body with the arguments as names of a new scope.
  Value call(Interpreter& interpreter, const Arguments& arguments) override;

 private:
  void bind(Interpreter& interpreter, const Arguments& arguments) const;
  void bind_parameters(Interpreter& interpreter, const Arguments& arguments, const Dict& keyword) const;
  void bind_rest(Interpreter& interpreter, const Arguments& arguments, const Dict& keyword) const;
  bool has_parameter(const std::string& name) const;

  const MacroDefinition& definition_;
  std::shared_ptr<Scope> scope_;
};

}  // namespace adze::text::jinja
