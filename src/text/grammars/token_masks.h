// Which tokens may come next in a text that follows a grammar.
#pragma once

#include <list>
#include <memory>
#include <unordered_map>
#include <vector>

#include "text/grammars/grammar_automaton.h"
#include "text/grammars/plain_runs.h"
#include "text/grammars/token_trie.h"

namespace adze::text {

/// For one thread at a time. States are those of the automaton; a mask is computed when its state is first asked for.
class TokenMasks {
 public:
  using State = GrammarAutomaton::State;

  TokenMasks(std::shared_ptr<const GrammarProgram> program, std::shared_ptr<const TokenTrie> tokens);

  State start() const { return automaton_.start(); }
  /// The tokens that go on with what some text continues to the end, and the end tokens exactly where a text may end.
  /// Holds until the next call. REQUIRES: not kDead.
  const TokenBits& allowed(State state);
  /// Behind a token that is allowed and does not end the text; kDead behind one that is not.
  State accept(State state, int32_t token) { return automaton_.read(state, tokens_->bytes(token)); }
  bool may_end(State state) const { return automaton_.may_end(state); }
  bool may_go_on(State state) const { return automaton_.may_go_on(state); }

  const TokenTrie& tokens() const { return *tokens_; }
  size_t masks_computed() const { return masks_computed_; }
  /// About how much of states and masks is kept.
  size_t bytes() const { return automaton_.bytes() + masks_.size() * tokens_->ends().size() * sizeof(uint64_t); }

 private:
  TokenBits compute(State state);
  void walk(const ByteTree& tree, State state, TokenBits& bits);

  std::shared_ptr<const TokenTrie> tokens_;
  GrammarAutomaton automaton_;
  PlainRuns plain_runs_;
  std::unordered_map<State, TokenBits> masks_;
  std::vector<State> path_;  // by bytes read
  size_t masks_computed_ = 0;
};

}  // namespace adze::text
