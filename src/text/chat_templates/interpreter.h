// Runs a syntax tree: scopes, output, limits, and what the current place is for messages.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "text/chat_templates/budget.h"
#include "text/chat_templates/source.h"
#include "text/chat_templates/syntax_tree.h"

namespace adze::text::jinja {

/// Names of one level: the template, a loop's iteration, a macro call. Inner levels see outer ones.
struct Scope {
  explicit Scope(std::shared_ptr<Scope> outer) : parent(std::move(outer)) {}
  std::shared_ptr<Scope> parent;
  std::unordered_map<std::string, Value> names;

  const Value* find(const std::string& name) const;
};

/// The only mutable value of a template. Owned by the interpreter, so that cycles cannot leak.
class Namespace : public Object {
 public:
  std::string type_name() const override { return "Namespace"; }
  std::optional<Value> attribute(const std::string& name) const override;
  std::unordered_map<std::string, Value> attributes;
};

class Interpreter {
 public:
  Interpreter(const Source& source, Budget budget, std::chrono::system_clock::time_point now);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// Renders the whole template; errors carry its name, line and column.
  std::string render(const Block& block, const Dict& context);

  Value evaluate(const Expression& expression);
  Flow execute(const Block& block);
  /// What `run` writes, instead of writing it.
  std::string capture(const std::function<void()>& run);
  void write(std::string_view text);

  Value look_up(const std::string& name) const;
  void assign(const Target& target, const Value& value);
  void set_name(const std::string& name, Value value) { scope_->names[name] = std::move(value); }
  const std::shared_ptr<Scope>& scope() const { return scope_; }
  /// For macros, which may live longer than the place that defined them.
  const std::shared_ptr<Scope>& capture_scope();

  Value make_namespace(Arguments arguments);
  Value call(const Value& function, const Arguments& arguments);

  /// Notes the place that errors of the next operation belong to.
  void at(const Node& node) { offset_ = node.offset; }
  Budget& budget() { return budget_; }
  std::chrono::system_clock::time_point now() const { return now_; }

  Value block_text;  // what the filters of a filter or set block apply to

  /// Makes `scope` current for a C++ scope.
  class EnterScope {
   public:
    EnterScope(Interpreter& interpreter, std::shared_ptr<Scope> scope) : interpreter_(interpreter) {
      previous_ = std::exchange(interpreter.scope_, std::move(scope));
    }
    ~EnterScope() { interpreter_.scope_ = std::move(previous_); }
    EnterScope(const EnterScope&) = delete;
    EnterScope& operator=(const EnterScope&) = delete;

   private:
    Interpreter& interpreter_;
    std::shared_ptr<Scope> previous_;
  };
  /// A new scope inside the current one.
  EnterScope enter_inner_scope() { return EnterScope(*this, std::make_shared<Scope>(scope_)); }

 private:
  class DepthGuard;
  void assign_tuple(const Target& target, const Value& value);
  void assign_attribute(const Target& target, const Value& value);

  const Source& source_;
  Budget budget_;
  std::chrono::system_clock::time_point now_;
  std::shared_ptr<Scope> scope_;
  std::vector<std::shared_ptr<Scope>> captured_scopes_;
  std::vector<std::unique_ptr<Namespace>> namespaces_;
  std::string output_;
  size_t offset_ = 0;
  int depth_ = 0;
};

}  // namespace adze::text::jinja
