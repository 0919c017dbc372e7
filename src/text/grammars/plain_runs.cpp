#include "text/grammars/plain_runs.h"

#include <algorithm>

#include "text/grammars/token_trie.h"
#include "text/grammars/utf8_sequences.h"

namespace adze::text {
namespace {

constexpr size_t kMaxStates = 16;  // more of them are not worth following

CharacterSet plain_characters() { return CharacterSet{{0x20, kLastCharacter}}.without({{'"', '"'}, {'\\', '\\'}}); }

void sort_once(std::vector<GrammarAutomaton::State>& states) {
  std::sort(states.begin(), states.end());
  states.erase(std::unique(states.begin(), states.end()), states.end());
}

}  // namespace

PlainRuns::PlainRuns(GrammarAutomaton& automaton) : automaton_(automaton) {
  for (const ByteSequence& sequence : utf8_sequences(plain_characters())) {
    Representatives places;
    for (int place = 0; place < sequence.length; ++place) {
      const ByteRange range = sequence.ranges[static_cast<size_t>(place)];
      ByteSet classes;
      auto& bytes = places.emplace_back();
      for (int byte = range.first; byte <= range.last; ++byte) {
        const uint8_t byte_class = automaton.program().class_of(static_cast<uint8_t>(byte));
        if (!classes[byte_class]) bytes.push_back(byte_class);
        classes.set(byte_class);
      }
    }
    sequences_.push_back(std::move(places));
  }
}

const PlainRuns::Successors& PlainRuns::successors(State state) {
  if (const auto known = successors_.find(state); known != successors_.end()) return known->second;
  Successors found;
  for (const Representatives& sequence : sequences_) {
    std::vector<State> states{state};
    for (const auto& classes : sequence) {
      std::vector<State> next;
      for (const State from : states) {
        for (const uint8_t byte_class : classes) next.push_back(automaton_.step_class(from, byte_class));
      }
      sort_once(next);
      if (!next.empty() && next.front() == GrammarAutomaton::kDead) {
        found.all = false;
        next.erase(next.begin());
      }
      states = std::move(next);
    }
    found.states.insert(found.states.end(), states.begin(), states.end());
  }
  sort_once(found.states);
  return successors_.emplace(state, std::move(found)).first->second;
}

PlainRuns::Run PlainRuns::measure(State state, size_t limit) {
  Run run;
  std::vector<State> states{state};
  for (; run.all < limit; ++run.all) {
    std::vector<State> next;
    bool all = true;
    for (const State from : states) {
      const Successors& found = successors(from);
      all = all && found.all;
      next.insert(next.end(), found.states.begin(), found.states.end());
    }
    sort_once(next);
    if (!all || next.size() > kMaxStates) {
      run.some = next.empty() ? run.all : limit;
      return run;
    }
    if (next == states) break;  // and so on
    states = std::move(next);
  }
  run.all = limit;
  run.some = limit;
  return run;
}

}  // namespace adze::text
