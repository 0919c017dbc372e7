// Any JSON as a schema: a grammar whose texts are JSON, or an Error.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/json.h"
#include "text/grammars/grammar_automaton.h"
#include "text/grammars/json_schema.h"

namespace {

using adze::text::GrammarAutomaton;

// Follows the first byte that is allowed, or the last; what comes out at an end is JSON.
void write_some(GrammarAutomaton& automaton, bool first) {
  std::string text;
  auto state = automaton.start();
  for (int step = 0; step < 200 && automaton.states() < 2000; ++step) {
    if (automaton.may_end(state)) adze::parse_json(text, "a text of the grammar");
    if (!automaton.may_go_on(state)) return;
    int byte = first ? 0x20 : 0x7E;
    auto next = GrammarAutomaton::kDead;
    for (int tried = 0; tried < 256 && next == GrammarAutomaton::kDead; ++tried, byte += first ? 1 : 255) {
      next = automaton.step(state, static_cast<uint8_t>(byte));
    }
    if (next == GrammarAutomaton::kDead) __builtin_trap();
    text += static_cast<char>(byte - (first ? 1 : 255));
    state = next;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze::text;
  std::shared_ptr<const GrammarProgram> program;
  try {
    const auto schema = adze::parse_json({reinterpret_cast<const char*>(data), size}, "fuzz");
    program = std::make_shared<const GrammarProgram>(parse_json_schema(schema, "fuzz"));
  } catch (const adze::Error&) {
    return 0;
  }
  if (program->instructions().size() > 20'000) return 0;  // allowed, and slow here
  GrammarAutomaton automaton(program);
  write_some(automaton, true);
  write_some(automaton, false);
  return 0;
}
