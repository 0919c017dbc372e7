// Any text as a regular expression, searched for and matched as a whole: a program, or an Error.
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "text/grammars/grammar_program.h"
#include "text/grammars/json_text.h"
#include "text/grammars/regex_parser.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view pattern(reinterpret_cast<const char*>(data), size);
  try {
    using namespace adze::text;
    const GrammarProgram whole(parse_regex(pattern, "fuzz"));
    Grammar grammar;
    JsonText json(grammar);
    const auto as_json = [&](const CharacterSet& set) { return json.character_of(set); };
    const RuleId root = grammar.add_rule("root");
    grammar.define(root, add_regex(grammar, pattern, "fuzz", {.characters = as_json, .searches = true}));
    grammar.set_root(root);
    const GrammarProgram searched(grammar);
  } catch (const adze::Error&) {
  }
  return 0;
}
