#include "cli/grammar_arguments.h"

#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "runtime/grammar_constraint.h"
#include "text/grammars/gbnf_parser.h"
#include "text/grammars/token_trie.h"

namespace adze::cli {

void GrammarArguments::declare(Arguments& arguments) {
  arguments.option({"--grammar", "FILE", "answer in the form that this grammar (GBNF) describes"}, grammar);
}

std::shared_ptr<const text::GrammarProgram> grammar_program(const GrammarArguments& arguments) {
  if (!arguments.grammar) return nullptr;
  const std::string& file = *arguments.grammar;
  const auto grammar = text::parse_gbnf(read_text_file(file), file);
  return with_context(file, [&] { return std::make_shared<const text::GrammarProgram>(grammar); });
}

std::shared_ptr<runtime::TokenConstraint> token_constraint(std::shared_ptr<const text::GrammarProgram> program,
                                                           const runtime::LoadedModel& model) {
  if (!program) return nullptr;
  auto tokens = std::make_shared<const text::TokenTrie>(model.tokenizer());
  return std::make_shared<runtime::GrammarConstraint>(std::move(program), std::move(tokens));
}

}  // namespace adze::cli
