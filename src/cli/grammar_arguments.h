// What form answers take: the options that `run` and `chat` share.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "cli/generation_arguments.h"
#include "runtime/loaded_model.h"
#include "runtime/token_constraint.h"
#include "text/grammars/grammar_program.h"

namespace adze::cli {

struct GrammarArguments {
  std::optional<std::string> grammar;
  std::optional<std::string> json_schema;
  std::optional<std::string> regex;

  int given() const { return grammar.has_value() + json_schema.has_value() + regex.has_value(); }
  void declare(Arguments& arguments);
};

/// Throws UsageError when a form was asked for and the end of the text is to be ignored.
void require_end(const GrammarArguments& arguments, const GenerationArguments& generation);

/// Null when no form was asked for. Throws UsageError when more than one was.
std::shared_ptr<const text::GrammarProgram> grammar_program(const GrammarArguments& arguments);

/// Null for null.
std::shared_ptr<runtime::TokenConstraint> token_constraint(std::shared_ptr<const text::GrammarProgram> program,
                                                           const runtime::LoadedModel& model);

}  // namespace adze::cli
