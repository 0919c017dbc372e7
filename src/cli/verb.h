// A verb of the program. One file per verb; all_verbs.cpp is the table, from which help, docs/cli.md and the shell's
// completion come.
#pragma once

#include <span>
#include <string_view>

#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/exit_codes.h"

namespace adze::cli {

struct Example {
  std::string_view command;  // without the leading "adze "
  std::string_view what;
};

struct Verb {
  std::string_view name;
  std::string_view group;        // heading in the list of verbs
  std::string_view summary;      // one line, lower case
  std::string_view description;  // sentences for --help
  std::span<const Example> examples;
  /// Declares its arguments, parses them and does the work. Throws Error, UsageError, HelpWanted.
  ExitCode (*run)(Arguments& arguments, Console& console) = nullptr;
};

/// A verb whose arguments are the struct `Options` with `void declare(Arguments&)`, and whose work is `kRun`.
template <typename Options, void (*kRun)(const Options&, Console&)>
constexpr Verb make_verb(Verb texts) {
  texts.run = [](Arguments& arguments, Console& console) {
    Options options;
    options.declare(arguments);
    arguments.parse();
    kRun(options, console);
    return kSuccess;
  };
  return texts;
}

/// The same for verbs that give a verdict.
template <typename Options, ExitCode (*kRun)(const Options&, Console&)>
constexpr Verb make_verb(Verb texts) {
  texts.run = [](Arguments& arguments, Console& console) {
    Options options;
    options.declare(arguments);
    arguments.parse();
    return kRun(options, console);
  };
  return texts;
}

/// In the order of `adze --help`.
std::span<const Verb* const> all_verbs();
/// Null when there is none of this name.
const Verb* find_verb(std::string_view name);

extern const Verb pull_verb, plan_verb;
extern const Verb inspect_verb, explain_verb, tokenize_verb;
extern const Verb convert_verb, calibrate_verb, quantize_verb, optimize_verb, pass_verb, prepare_verb, make_model_verb;
extern const Verb split_verb, merge_verb;
extern const Verb convert_adapter_verb, merge_adapter_verb;
extern const Verb run_verb, chat_verb, embed_verb, serve_verb;
extern const Verb eval_verb, bench_verb, compare_verb, assert_verb, verify_verb, diff_verb;
extern const Verb list_verb, doctor_verb;

}  // namespace adze::cli
