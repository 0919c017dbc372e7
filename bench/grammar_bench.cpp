// What following a grammar costs per token: masks and states, on one thread, in processor time.
// usage: grammar_bench TOKENIZER.json|MODEL.gguf
// Each text is read twice: the first time states and masks are computed as they are reached, as in a first answer; the
// second time they are known. "Largest" is the slowest single token of the first time.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "bench_clock.h"
#include "formats/gguf/read_gguf.h"
#include "text/grammars/gbnf_parser.h"
#include "text/grammars/json_schema.h"
#include "text/grammars/regex_parser.h"
#include "text/grammars/token_masks.h"
#include "text/tokenizers/tokenizer_json.h"

namespace {

using namespace adze;

struct Case {
  const char* name;
  std::string source;
  std::string text;
  enum { gbnf, schema, regex } notation;
};

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::vector<Case> cases() {
  const std::string words = "The sea is calm tonight; the tide is full, the moon lies fair. ";
  const std::string person = R"({"name": "Ada Lovelace", "age": 36, "email": "ada@example.org", "about": ")" + words +
                             R"(", "tags": ["poet", "engineer"]})";
  return {
      {"any JSON", "{}", "[" + person + repeated(", " + person, 9) + "]", Case::schema},
      {"person", R"({"type": "object", "required": ["name", "age"], "properties": {"name": {"type": "string"}, "age":
        {"type": "integer", "minimum": 0, "maximum": 150}, "email": {"format": "email"}, "about": {"type": "string"},
        "tags": {"type": "array", "items": {"type": "string"}}}})",
       person, Case::schema},
      {"person, bounded", R"({"type": "object", "properties": {"name": {"type": "string", "maxLength": 40}, "age":
        {"type": "integer"}, "email": {"type": "string", "maxLength": 60}, "about": {"type": "string", "maxLength": 500},
        "tags": {"type": "array", "items": {"type": "string", "maxLength": 20}, "maxItems": 5}}})",
       person, Case::schema},
      {"lines", "root ::= (\"- \" [^\\n]+ \"\\n\")+", repeated("- " + words + "\n", 10), Case::gbnf},
      {"words", "([A-Za-z]+[ ,.;]{1,2}){1,200}", repeated(words, 3), Case::regex},
  };
}

text::TokenizerSpec read_spec(const std::filesystem::path& path) {
  if (formats::is_gguf(path)) return *formats::read_gguf(path).tokenizer;
  return text::read_tokenizer_json(read_text_file(path), "", path);
}

text::Grammar grammar_of(const Case& example) {
  switch (example.notation) {
    case Case::gbnf:
      return text::parse_gbnf(example.source, example.name);
    case Case::regex:
      return text::parse_regex(example.source, example.name);
    default:
      return text::parse_json_schema(parse_json(example.source, example.name), example.name);
  }
}

struct Cost {
  double seconds = 0;
  double largest_seconds = 0;
};

Cost read(text::TokenMasks& masks, const std::vector<int32_t>& tokens) {
  Cost cost;
  auto state = masks.start();
  for (const int32_t token : tokens) {
    const double start = bench::thread_seconds();
    if (!text::has_bit(masks.allowed(state), token)) fail(ErrorCode::internal, "a valid token is forbidden");
    state = masks.accept(state, token);
    const double seconds = bench::thread_seconds() - start;
    cost.seconds += seconds;
    cost.largest_seconds = std::max(cost.largest_seconds, seconds);
  }
  if (!masks.may_end(state)) fail(ErrorCode::internal, "the text is not valid");
  return cost;
}

void measure(const Case& example, const text::Tokenizer& tokenizer, std::shared_ptr<const text::TokenTrie> trie) {
  constexpr int kRuns = 5;
  const double start = bench::thread_seconds();
  const auto program = std::make_shared<const text::GrammarProgram>(grammar_of(example));
  const double compile_seconds = bench::thread_seconds() - start;
  const auto tokens = tokenizer.encode(example.text, {.add_special = false});
  Cost first{1e9, 1e9}, again{1e9, 1e9};
  size_t computed = 0;
  for (int run = 0; run < kRuns; ++run) {
    text::TokenMasks masks(program, trie);
    const Cost cost = read(masks, tokens);
    computed = masks.masks_computed();
    first = {std::min(first.seconds, cost.seconds), std::min(first.largest_seconds, cost.largest_seconds)};
    again.seconds = std::min(again.seconds, read(masks, tokens).seconds);
  }
  const auto count = static_cast<double>(tokens.size());
  std::printf("%-16s %8.2f ms %7zu %7zu %11.1f us %9.1f us %10.2f us\n", example.name, compile_seconds * 1e3,
              tokens.size(), computed, first.seconds * 1e6 / count, first.largest_seconds * 1e6,
              again.seconds * 1e6 / count);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::printf("grammar_bench: nothing measured; give a TOKENIZER.json or MODEL.gguf\n");
    return 0;
  }
  try {
    const text::Tokenizer tokenizer(read_spec(argv[1]));
    const double start = bench::thread_seconds();
    const auto trie = std::make_shared<const text::TokenTrie>(tokenizer);
    std::printf("%zu tokens, prepared in %.1f ms\n", trie->size(), (bench::thread_seconds() - start) * 1e3);
    std::printf("%-16s %11s %7s %7s %14s %12s %13s\n", "grammar", "compile", "tokens", "masks", "a token", "largest",
                "again");
    for (const Case& example : cases()) measure(example, tokenizer, trie);
  } catch (const Error& error) {
    std::fprintf(stderr, "grammar_bench: %s\n", error.what());
    return 1;
  }
}
