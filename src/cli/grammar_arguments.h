// What form answers take: the options that `run` and `chat` share.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/arguments.h"
#include "runtime/loaded_model.h"
#include "runtime/token_constraint.h"
#include "text/grammars/grammar_program.h"

namespace adze::cli {

struct GrammarArguments {
  std::optional<std::string> grammar;

  void declare(Arguments& arguments);
};

/// Null when no form was asked for. Throws UsageError when more than one was.
std::shared_ptr<const text::GrammarProgram> grammar_program(const GrammarArguments& arguments);

/// Null for null.
std::shared_ptr<runtime::TokenConstraint> token_constraint(std::shared_ptr<const text::GrammarProgram> program,
                                                           const runtime::LoadedModel& model);

}  // namespace adze::cli
