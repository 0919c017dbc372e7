#include "cli/grammar_arguments.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "runtime/grammar_constraint.h"
#include "text/grammars/gbnf_parser.h"
#include "text/grammars/json_schema.h"
#include "text/grammars/regex_parser.h"
#include "text/grammars/token_trie.h"

namespace adze::cli {
namespace {

using Program = std::shared_ptr<const text::GrammarProgram>;

Program program_of(const text::Grammar& grammar, const std::string& source) {
  return with_context(source, [&] { return std::make_shared<const text::GrammarProgram>(grammar); });
}

// A document begins with a brace; everything else is the name of a file.
Program program_of_schema(const std::string& argument) {
  const size_t begin = argument.find_first_not_of(" \t\r\n");
  const bool is_document = begin != std::string::npos && argument[begin] == '{';
  const std::string source = is_document ? "--json-schema" : argument;
  const Json schema = is_document ? parse_json(argument, source) : read_json_file(argument);
  return program_of(text::parse_json_schema(schema, source), source);
}

}  // namespace

void GrammarArguments::declare(Arguments& arguments) {
  arguments.option({"--grammar", "FILE", "answer in the form that this grammar (GBNF) describes"}, grammar);
  arguments.option({"--json-schema", "FILE|JSON", "answer with JSON that is valid for this schema"}, json_schema);
  arguments.option({"--regex", "TEXT", "answer with a text that this regular expression matches as a whole"}, regex);
}

void require_end(const GrammarArguments& arguments, const GenerationArguments& generation) {
  if (arguments.given() == 0 || !generation.ignore_end) return;
  throw UsageError("--ignore-end: a grammar, schema or regular expression decides where the text ends");
}

std::shared_ptr<const text::GrammarProgram> grammar_program(const GrammarArguments& arguments) {
  if (arguments.given() > 1) {
    throw UsageError("--grammar, --json-schema and --regex: give one of them");
  }
  if (arguments.grammar) {
    const std::string& file = *arguments.grammar;
    return program_of(text::parse_gbnf(read_text_file(file), file), file);
  }
  if (arguments.json_schema) return program_of_schema(*arguments.json_schema);
  if (arguments.regex) return program_of(text::parse_regex(*arguments.regex, "--regex"), "--regex");
  return nullptr;
}

std::shared_ptr<runtime::TokenConstraint> token_constraint(std::shared_ptr<const text::GrammarProgram> program,
                                                           const runtime::LoadedModel& model) {
  if (!program) return nullptr;
  auto tokens = std::make_shared<const text::TokenTrie>(model.tokenizer());
  return std::make_shared<runtime::GrammarConstraint>(std::move(program), std::move(tokens));
}

}  // namespace adze::cli
