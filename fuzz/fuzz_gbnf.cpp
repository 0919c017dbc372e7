// Any text as a GBNF grammar: a program that reads text byte by byte and never comes to a dead end, or an Error.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/grammars/gbnf_parser.h"
#include "text/grammars/grammar_automaton.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  try {
    using namespace adze::text;
    const auto program = std::make_shared<const GrammarProgram>(parse_gbnf(source, "fuzz"));
    if (program->instructions().size() > 20'000) return 0;  // allowed, and slow here
    GrammarAutomaton automaton(program);
    auto state = automaton.start();
    for (size_t step = 0; step < 64 && automaton.states() < 2000; ++step) {
      if (!automaton.may_end(state) && !automaton.may_go_on(state)) __builtin_trap();
      const auto next = automaton.step(state, static_cast<uint8_t>(source[step % source.size()]));
      if (next != GrammarAutomaton::kDead) state = next;
    }
  } catch (const adze::Error&) {
  }
  return 0;
}
