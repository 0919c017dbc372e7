#include "text/grammars/grammar_automaton.h"

#include <algorithm>

namespace adze::text {
namespace {

using Kind = Instruction::Kind;

}  // namespace

GrammarAutomaton::GrammarAutomaton(std::shared_ptr<const GrammarProgram> program)
    : program_(std::move(program)),
      stride_(program_->classes()),
      byte_of_class_(program_->classes()),
      below_(program_->instructions().size()),
      reached_in_(program_->instructions().size()) {
  for (int byte = 0; byte < 256; ++byte) {
    byte_of_class_[program_->class_of(static_cast<uint8_t>(byte))] = static_cast<uint8_t>(byte);
  }
  state_of(StackSets::kNone);
  std::fill(next_.begin(), next_.end(), kDead);
  begin_round();
  reach(program_->start(), StackSets::kEmptyStack);
  start_ = state_of(close());
}

GrammarAutomaton::State GrammarAutomaton::read(State state, std::string_view bytes) {
  for (const char byte : bytes) state = step(state, static_cast<uint8_t>(byte));
  return state;
}

GrammarAutomaton::State GrammarAutomaton::state_of(StackSetId set) {
  if (state_of_set_.size() <= set) state_of_set_.resize(sets_.size(), kUnknown);
  if (state_of_set_[set] != kUnknown) return state_of_set_[set];
  const auto state = static_cast<State>(set_of_.size());
  set_of_.push_back(set);
  next_.resize(next_.size() + stride_, kUnknown);
  state_of_set_[set] = state;
  return state;
}

GrammarAutomaton::State GrammarAutomaton::find_next(State state, uint8_t byte_class) {
  begin_round();
  const StackSetId set = set_of_[state];
  const uint8_t byte = byte_of_class_[byte_class];
  for (size_t i = 0; i < sets_.entries(set); ++i) {
    const auto entry = sets_.entry(set, i);
    const Instruction& instruction = program_->instructions()[entry.top];
    if (program_->bytes(instruction.other)[byte]) reach(instruction.next, entry.below);
  }
  const State next = state_of(close());
  next_[size_t{state} * stride_ + byte_class] = next;
  return next;
}

// An earlier round may have ended in an error.
void GrammarAutomaton::begin_round() {
  ++round_;
  waiting_.clear();
  reading_.clear();
  ends_ = false;
}

void GrammarAutomaton::reach(uint32_t instruction, StackSetId below) {
  if (reached_in_[instruction] != round_) {
    reached_in_[instruction] = round_;
    below_[instruction] = below;
    if (program_->instructions()[instruction].kind == Kind::bytes) {
      reading_.push_back(instruction);
    } else {
      waiting_.push_back(instruction);
    }
    return;
  }
  const StackSetId all = sets_.unite(below_[instruction], below);
  if (all == below_[instruction]) return;
  below_[instruction] = all;
  if (program_->instructions()[instruction].kind != Kind::bytes) waiting_.push_back(instruction);
}

// Goes on from an instruction that reads nothing.
void GrammarAutomaton::follow(uint32_t number) {
  const Instruction& instruction = program_->instructions()[number];
  const StackSetId below = below_[number];
  switch (instruction.kind) {
    case Kind::split:
      reach(instruction.next, below);
      reach(instruction.other, below);
      return;
    case Kind::call: {
      const bool is_last = program_->instructions()[instruction.next].kind == Kind::return_;
      reach(instruction.other, is_last ? below : sets_.add({{instruction.next, below}}, false));
      return;
    }
    case Kind::return_:
      ends_ = ends_ || sets_.has_empty(below);
      for (size_t i = 0; i < sets_.entries(below); ++i) {
        const auto entry = sets_.entry(below, i);
        reach(entry.top, entry.below);
      }
      return;
    case Kind::bytes:
    case Kind::unreachable:
      return;
  }
}

// The set of all stacks that lead from what was reached to a byte, or to the end.
StackSetId GrammarAutomaton::close() {
  while (!waiting_.empty()) {
    const uint32_t instruction = waiting_.back();
    waiting_.pop_back();
    follow(instruction);
  }
  std::sort(reading_.begin(), reading_.end());
  std::vector<StackSets::Entry> entries;
  entries.reserve(reading_.size());
  for (const uint32_t instruction : reading_) entries.push_back({instruction, below_[instruction]});
  return sets_.add(entries, ends_);
}

}  // namespace adze::text
