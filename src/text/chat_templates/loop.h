// For loops: running them, and the `loop` value their bodies see.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/chat_templates/interpreter.h"

namespace adze::text::jinja {

/// Where a loop stands; shared with the functions its attributes give.
struct LoopState {
  const ForStatement* statement = nullptr;
  std::weak_ptr<Scope> scope;  // the one around the loop
  std::vector<Value> items;
  size_t index = 0;
  int64_t depth = 0;  // how often a recursive loop has called itself
  std::optional<Value> last_changed;
};

class Loop : public Object {
 public:
  explicit Loop(std::shared_ptr<LoopState> state);
  std::string type_name() const override { return "LoopContext"; }
  std::string text() const override;
  bool is_callable() const override { return true; }
  int depth() const override { return value_depth_; }
  std::optional<Value> attribute(const std::string& name) const override;
  /// Recursive loops render their body for the given items.
  Value call(Interpreter& interpreter, const Arguments& arguments) override;

 private:
  std::shared_ptr<LoopState> state_;
  int value_depth_ = 1;
};

/// Runs the body for every item, or the else branch when there is none; only the latter can leave an outer loop.
Flow run_loop(Interpreter& interpreter, const ForStatement& statement, const Value& items, int64_t depth);

}  // namespace adze::text::jinja
