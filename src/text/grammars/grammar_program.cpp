#include "text/grammars/grammar_program.h"

#include <map>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "text/grammars/grammar_analysis.h"
#include "text/grammars/utf8_sequences.h"

namespace adze::text {
namespace {

using Kind = Instruction::Kind;
constexpr size_t kMaxInstructions = 1'000'000;
constexpr int kMaxDepth = 1000;

}  // namespace

// Writes from the end to the start: what comes next is known wherever something is written.
class ProgramWriter {
 public:
  ProgramWriter(GrammarProgram& program, const Grammar& grammar)
      : program_(program), grammar_(grammar), analysis_(analyse(grammar)) {
    const auto& rules = grammar.rules();
    // Calls need the places of rules that are not written yet: each begins with a split whose ways are the same.
    starts_.resize(rules.size());
    for (uint32_t& start : starts_) start = add({Kind::unreachable, 0, 0});
    for (RuleId rule = 0; rule < rules.size(); ++rule) write_rule(rule);
    program.start_ = starts_[grammar.root()];
  }

 private:
  uint32_t add(Instruction instruction) {
    if (program_.instructions_.size() >= kMaxInstructions) {
      fail(ErrorCode::unsupported, "the grammar is too large: it comes to more than {} steps; allow fewer repetitions",
           kMaxInstructions);
    }
    program_.instructions_.push_back(instruction);
    return static_cast<uint32_t>(program_.instructions_.size() - 1);
  }

  void write_rule(RuleId rule) {
    const ExpressionId expression = grammar_.rules()[rule].expression;
    if (!analysis_.matches_something[expression]) return;
    const uint32_t first = write(expression, add({Kind::return_, 0, 0}));
    program_.instructions_[starts_[rule]] = {Kind::split, first, first};
  }

  // Writes what matches the expression and goes on at `next`; returns where it begins. REQUIRES: it matches something.
  uint32_t write(ExpressionId id, uint32_t next) {
    if (++depth_ > kMaxDepth) fail(ErrorCode::unsupported, "the grammar nests deeper than {} levels", kMaxDepth);
    const uint32_t start = write_kind(grammar_[id], next);
    --depth_;
    return start;
  }

  uint32_t write_kind(const Expression& expression, uint32_t next) {
    switch (expression.kind) {
      case Expression::Kind::text:
        return write_text(expression.bytes, next);
      case Expression::Kind::characters:
        return write_characters(expression.characters, next);
      case Expression::Kind::sequence:
        for (auto part = expression.parts.rbegin(); part != expression.parts.rend(); ++part) next = write(*part, next);
        return next;
      case Expression::Kind::choice:
        return write_choice(expression, next);
      case Expression::Kind::repeat:
        return write_repeat(expression, next);
      case Expression::Kind::rule:
        return add({Kind::call, next, starts_[expression.rule]});
    }
    return next;
  }

  uint32_t write_text(const std::string& bytes, uint32_t next) {
    for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
      ByteSet set;
      set.set(static_cast<uint8_t>(*byte));
      next = add({Kind::bytes, next, set_number(set)});
    }
    return next;
  }

  uint32_t write_choice(const Expression& expression, uint32_t next) {
    std::vector<uint32_t> starts;
    for (const ExpressionId part : expression.parts) {
      if (analysis_.matches_something[part]) starts.push_back(write(part, next));
    }
    return join(starts);
  }

  // REQUIRES: not empty.
  uint32_t join(const std::vector<uint32_t>& starts) {
    uint32_t joined = starts.back();
    for (size_t i = starts.size() - 1; i-- > 0;) joined = add({Kind::split, starts[i], joined});
    return joined;
  }

  uint32_t write_repeat(const Expression& expression, uint32_t next) {
    const ExpressionId part = expression.parts[0];
    if (!analysis_.matches_something[part]) return next;  // not once, then
    uint32_t start = next;
    if (expression.max == kUnbounded) {
      start = add({Kind::split, next, next});
      const uint32_t again = write(part, start);
      program_.instructions_[start].other = again;
    } else {
      for (uint32_t i = expression.min; i < expression.max; ++i) {
        const uint32_t once = write(part, start);
        if (once == start) break;  // the empty text
        start = add({Kind::split, next, once});
      }
    }
    for (uint32_t i = 0; i < expression.min; ++i) {
      const uint32_t once = write(part, start);
      if (once == start) break;
      start = once;
    }
    return start;
  }

  // Sequences that go on alike share their ends, and those whose first bytes are all that differs become one set.
  uint32_t write_characters(const CharacterSet& set, uint32_t next) {
    std::map<std::pair<uint32_t, uint32_t>, uint32_t> ends;  // {set, next} -> where it stands
    std::map<uint32_t, ByteSet> firsts;                      // where it goes on -> first bytes
    for (const ByteSequence& sequence : utf8_sequences(set)) {
      uint32_t rest = next;
      for (int place = sequence.length - 1; place > 0; --place) {
        const uint32_t number = set_number(bytes_of(sequence.ranges[static_cast<size_t>(place)]));
        const auto [end, is_new] = ends.try_emplace({number, rest}, 0);
        if (is_new) end->second = add({Kind::bytes, rest, number});
        rest = end->second;
      }
      firsts[rest] |= bytes_of(sequence.ranges[0]);
    }
    std::vector<uint32_t> starts;
    for (const auto& [rest, bytes] : firsts) starts.push_back(add({Kind::bytes, rest, set_number(bytes)}));
    return join(starts);
  }

  static ByteSet bytes_of(const ByteRange& range) {
    ByteSet set;
    for (int byte = range.first; byte <= range.last; ++byte) set.set(static_cast<size_t>(byte));
    return set;
  }

  uint32_t set_number(const ByteSet& set) {
    const auto [entry, is_new] = numbers_.try_emplace(set, static_cast<uint32_t>(program_.sets_.size()));
    if (is_new) program_.sets_.push_back(set);
    return entry->second;
  }

  GrammarProgram& program_;
  const Grammar& grammar_;
  const GrammarAnalysis analysis_;
  std::vector<uint32_t> starts_;
  std::unordered_map<ByteSet, uint32_t> numbers_;
  int depth_ = 0;
};

GrammarProgram::GrammarProgram(const Grammar& grammar) {
  ProgramWriter(*this, grammar);
  divide_bytes();
}

// Classes are divided by one set after the other.
void GrammarProgram::divide_bytes() {
  classes_ = 1;
  for (const ByteSet& set : sets_) {
    std::map<std::pair<uint8_t, bool>, uint8_t> parts;
    std::array<uint8_t, 256> divided{};
    for (size_t byte = 0; byte < 256; ++byte) {
      const auto part = parts.try_emplace({class_of_[byte], set[byte]}, static_cast<uint8_t>(parts.size())).first;
      divided[byte] = part->second;
    }
    class_of_ = divided;
    classes_ = static_cast<uint32_t>(parts.size());
  }
}

}  // namespace adze::text
