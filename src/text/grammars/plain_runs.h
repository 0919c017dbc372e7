// How many plain characters (token_trie.h) may follow each other from a state, whatever they are.
#pragma once

#include <unordered_map>
#include <vector>

#include "text/grammars/grammar_automaton.h"

namespace adze::text {

class PlainRuns {
 public:
  using State = GrammarAutomaton::State;

  struct Run {
    size_t all = 0;   // every text of so many plain characters is allowed
    size_t some = 0;  // and some of so many may be, but none of more
  };

  explicit PlainRuns(GrammarAutomaton& automaton);

  /// Looks no further than `limit` characters.
  Run measure(State state, size_t limit);

 private:
  struct Successors {
    std::vector<State> states;  // behind one plain character; sorted
    bool all = true;            // every plain character leads to one of them
  };
  const Successors& successors(State state);

  /// One byte of each class, by place in a sequence.
  using Representatives = std::vector<std::vector<uint8_t>>;

  GrammarAutomaton& automaton_;
  std::vector<Representatives> sequences_;
  std::unordered_map<State, Successors> successors_;
};

}  // namespace adze::text
