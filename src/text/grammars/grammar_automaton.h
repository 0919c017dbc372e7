// Reads text byte by byte with a grammar. States are found when they are first reached and kept, so that reading on is
// looking up a table.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "text/grammars/grammar_program.h"
#include "text/grammars/stack_sets.h"

namespace adze::text {

/// For one thread at a time: reading adds states.
class GrammarAutomaton {
 public:
  using State = uint32_t;
  static constexpr State kDead = 0;  // no text goes on from here

  explicit GrammarAutomaton(std::shared_ptr<const GrammarProgram> program);

  State start() const { return start_; }
  /// From any state but kDead, some text leads to one where the text may end. Throws what StackSets::add throws.
  State step(State state, uint8_t byte) { return step_class(state, program_->class_of(byte)); }
  State step_class(State state, uint8_t byte_class) {
    const uint32_t known = next_[size_t{state} * stride_ + byte_class];
    return known != kUnknown ? known : find_next(state, byte_class);
  }
  State read(State state, std::string_view bytes);

  bool may_end(State state) const { return sets_.has_empty(set_of_[state]); }
  bool may_go_on(State state) const { return sets_.entries(set_of_[state]) > 0; }
  const GrammarProgram& program() const { return *program_; }
  size_t states() const { return set_of_.size(); }
  /// About how much of the states is kept.
  size_t bytes() const { return next_.size() * sizeof(uint32_t) + sets_.size() * kBytesOfSet; }

 private:
  static constexpr uint32_t kUnknown = UINT32_MAX;
  static constexpr size_t kBytesOfSet = 150;

  State find_next(State state, uint8_t byte_class);
  State state_of(StackSetId set);
  void begin_round();
  void reach(uint32_t instruction, StackSetId below);
  void follow(uint32_t instruction);
  StackSetId close();

  std::shared_ptr<const GrammarProgram> program_;
  StackSets sets_;
  uint32_t stride_;
  State start_ = kDead;
  std::vector<uint32_t> next_;          // by state and class of byte
  std::vector<StackSetId> set_of_;      // by state
  std::vector<State> state_of_set_;     // kUnknown: not a state
  std::vector<uint8_t> byte_of_class_;  // one of each class

  // While a state's successors are gathered.
  std::vector<StackSetId> below_;  // by instruction; holds where reached_in_ is the current round
  std::vector<uint32_t> reached_in_;
  std::vector<uint32_t> waiting_;
  std::vector<uint32_t> reading_;  // reached instructions that read a byte
  uint32_t round_ = 0;
  bool ends_ = false;
};

}  // namespace adze::text
