// How filters, tests, methods and global functions are declared (one row of a table each) and called.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/chat_templates/interpreter.h"
#include "text/chat_templates/value.h"

namespace adze::text::jinja {

/// The arguments of one call, matched with the parameters of the builtin.
class Call {
 public:
  Call(Interpreter& runs_in, const char* name, std::vector<std::optional<Value>> values, Arguments other_arguments)
      : interpreter(runs_in), rest(std::move(other_arguments)), name_(name), values_(std::move(values)) {}

  Interpreter& interpreter;
  Arguments rest;  // what a `*` parameter list takes

  Budget& budget() const { return interpreter.budget(); }
  const char* name() const { return name_; }
  bool has(size_t index) const { return values_[index].has_value(); }
  /// Given and not none.
  bool has_value(size_t index) const { return has(index) && !values_[index]->is_none(); }
  const Value& value(size_t index) const { return *values_[index]; }
  Value value_or(size_t index, Value fallback) const {
    if (has(index)) return value(index);
    return fallback;
  }
  /// The argument as text, as str() would print it.
  std::string text(size_t index) const;
  /// The argument, which must be a string.
  const std::string& string(size_t index) const;
  std::string string_or(size_t index, const char* fallback) const { return has(index) ? string(index) : fallback; }
  int64_t integer(size_t index) const;
  int64_t integer_or(size_t index, int64_t fallback) const { return has(index) ? integer(index) : fallback; }
  bool flag(size_t index) const { return has(index) && value(index).truth(); }
  /// Everything iterating over the argument gives.
  std::vector<Value> items(size_t index) const;
  /// A string result that stays markup when argument 0 is markup.
  Value like_subject(std::string text) const;

 private:
  const char* name_;
  std::vector<std::optional<Value>> values_;
};

struct Builtin {
  const char* name;
  /// Names separated by spaces; `name?` is optional and a final `*` takes all other arguments.
  const char* parameters;
  Value (*run)(Call& call);
};

// The tables, each in a file of its own.
std::span<const Builtin> filters();
std::span<const Builtin> tests();
std::span<const Builtin> string_methods();
std::span<const Builtin> dict_methods();
std::span<const Builtin> sequence_methods();
std::span<const Builtin> number_methods();
std::span<const Builtin> global_functions();

const Builtin* find_builtin(std::span<const Builtin> table, std::string_view name);
/// `subject` becomes the first argument.
Value call_builtin(Interpreter& interpreter, const Builtin& builtin, const Value& subject, const Arguments& arguments);
Value call_builtin(Interpreter& interpreter, const Builtin& builtin, const Arguments& arguments);
Value call_filter(Interpreter& interpreter, const std::string& name, const Value& subject, const Arguments& arguments);
bool call_test(Interpreter& interpreter, const std::string& name, const Value& subject, const Arguments& arguments);

/// A callable value for a global function, or for a method bound to its subject.
Value make_function(const Builtin& builtin);
Value make_method(const Builtin& builtin, Value subject);

}  // namespace adze::text::jinja
