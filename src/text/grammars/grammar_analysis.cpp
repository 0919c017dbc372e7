#include "text/grammars/grammar_analysis.h"

#include <algorithm>
#include <string>
#include <unordered_set>

#include "base/error.h"

namespace adze::text {
namespace {

using Kind = Expression::Kind;

// Both properties are the least solution of equations without negation: repeated until nothing changes.
class Properties {
 public:
  explicit Properties(const Grammar& grammar) : grammar_(grammar) {
    found_.matches_something.resize(grammar.expressions());
    found_.matches_nothing.resize(grammar.expressions());
    for (bool changes = true; changes;) {
      changes = false;
      for (ExpressionId id = 0; id < grammar.expressions(); ++id) {
        changes |= update(found_.matches_something, id, matches_something(grammar[id]));
        changes |= update(found_.matches_nothing, id, matches_nothing(grammar[id]));
      }
    }
  }

  GrammarAnalysis take() { return std::move(found_); }

 private:
  static bool update(std::vector<bool>& values, ExpressionId id, bool value) {
    if (values[id] == value) return false;
    values[id] = value;
    return true;
  }

  bool matches_something(const Expression& expression) const {
    if (expression.kind == Kind::text) return true;
    if (expression.kind == Kind::characters) return !expression.characters.is_empty();
    return follows_from_parts(expression, found_.matches_something);
  }

  bool matches_nothing(const Expression& expression) const {
    if (expression.kind == Kind::text) return expression.bytes.empty();
    if (expression.kind == Kind::characters) return false;
    return follows_from_parts(expression, found_.matches_nothing);
  }

  bool follows_from_parts(const Expression& expression, const std::vector<bool>& known) const {
    const auto holds = [&](ExpressionId part) { return bool{known[part]}; };
    const auto& parts = expression.parts;
    switch (expression.kind) {
      case Kind::sequence:
        return std::all_of(parts.begin(), parts.end(), holds);
      case Kind::choice:
        return std::any_of(parts.begin(), parts.end(), holds);
      case Kind::repeat:
        return expression.min == 0 || holds(parts[0]);
      case Kind::rule:
        return holds(grammar_.rules()[expression.rule].expression);
      case Kind::text:
      case Kind::characters:
        break;
    }
    return false;
  }

  const Grammar& grammar_;
  GrammarAnalysis found_;
};

// Walks, without recursion, from rules to the rules that they may begin with.
class LeftRecursion {
 public:
  LeftRecursion(const Grammar& grammar, const GrammarAnalysis& analysis) : grammar_(grammar), analysis_(analysis) {}

  void refuse() {
    const auto& rules = grammar_.rules();
    visits_.resize(rules.size(), Visit::none);
    for (RuleId rule = 0; rule < rules.size(); ++rule) {
      if (visits_[rule] == Visit::none) walk_from(rule);
    }
  }

 private:
  enum class Visit : uint8_t { none, open, done };
  struct Frame {
    RuleId rule;
    std::vector<RuleId> first;  // what is left to visit
  };

  void enter(RuleId rule) {
    visits_[rule] = Visit::open;
    path_.push_back({rule, first_rules(rule)});
  }

  void walk_from(RuleId start) {
    enter(start);
    while (!path_.empty()) {
      Frame& frame = path_.back();
      if (frame.first.empty()) {
        visits_[frame.rule] = Visit::done;
        path_.pop_back();
        continue;
      }
      const RuleId next = frame.first.back();
      frame.first.pop_back();
      if (visits_[next] == Visit::open) fail_for_cycle(next);
      if (visits_[next] == Visit::none) enter(next);
    }
  }

  [[noreturn]] void fail_for_cycle(RuleId again) const {
    const auto begin =
        std::find_if(path_.begin(), path_.end(), [&](const Frame& frame) { return frame.rule == again; });
    std::string cycle;
    for (auto frame = begin; frame != path_.end(); ++frame) cycle += grammar_.rules()[frame->rule].name + " -> ";
    fail(ErrorCode::bad_input,
         "left recursion: {}{}; a rule must not begin with itself: write a repetition, `x (\",\" x)*`, instead", cycle,
         grammar_.rules()[again].name);
  }

  // The rules that stand at the start of `rule`, or behind what may be empty there.
  std::vector<RuleId> first_rules(RuleId rule) const {
    std::vector<RuleId> found;
    std::unordered_set<ExpressionId> seen;
    std::vector<ExpressionId> waiting{grammar_.rules()[rule].expression};
    while (!waiting.empty()) {
      const ExpressionId id = waiting.back();
      waiting.pop_back();
      const Expression& expression = grammar_[id];
      if (!seen.insert(id).second) continue;
      if (expression.kind == Kind::rule) found.push_back(expression.rule);
      for (const ExpressionId part : expression.parts) {
        waiting.push_back(part);
        if (expression.kind == Kind::sequence && !analysis_.matches_nothing[part]) break;
      }
    }
    return found;
  }

  const Grammar& grammar_;
  const GrammarAnalysis& analysis_;
  std::vector<Visit> visits_;
  std::vector<Frame> path_;
};

}  // namespace

GrammarAnalysis analyse(const Grammar& grammar) {
  GrammarAnalysis analysis = Properties(grammar).take();
  LeftRecursion(grammar, analysis).refuse();
  if (!analysis.matches_something[grammar.rules()[grammar.root()].expression]) {
    fail(ErrorCode::bad_input, "no text can match: what rule '{}' asks for never ends or contradicts itself",
         grammar.rules()[grammar.root()].name);
  }
  return analysis;
}

}  // namespace adze::text
