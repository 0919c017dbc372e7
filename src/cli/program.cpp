#include "cli/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <set>

#include "base/error.h"
#include "base/log.h"
#include "base/this_program.h"
#include "cli/exit_codes.h"
#include "cli/file_faults.h"
#include "cli/help_text.h"
#include "cli/interrupt.h"
#include "cli/report_output.h"
#include "cli/suggest.h"
#include "cli/verb.h"
#include "report/display_width.h"

namespace adze::cli {
namespace {

int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::not_found:
      return kUnavailable;
    case ErrorCode::cancelled:
      return kCancelled;
    default:
      return kFailure;
  }
}

// What was said and what it is called in JSON.
struct Failure {
  int exit_code;
  std::string code;
  std::string message;
  std::string hint;
};

int report(const Failure& failure, bool as_json, Console& console) {
  std::string message;
  for (size_t start = 0; start <= failure.message.size();) {  // line by line: each is printed safely
    const size_t end = std::min(failure.message.find('\n', start), failure.message.size());
    message.append(start ? "\n" : "").append(report::printable(failure.message.substr(start, end - start)));
    start = end + 1;
  }
  console.note("{} {}", console.styled_message(Style::bad, "error:"), message);
  if (!failure.hint.empty()) console.note("{} {}", console.styled_message(Style::faint, "hint:"), failure.hint);
  if (as_json) print_json_error(console, failure.code, failure.message);
  return failure.exit_code;
}

Failure failure_of(const Error& error) {
  const std::string hint = error.code() == ErrorCode::internal
                               ? "this is a mistake in adze, not in your input; please report it with the command"
                               : "";
  return {exit_code_of(error.code()), error_code_name(error.code()), error.what(), hint};
}

int run_verb(const Verb& verb, const std::vector<std::string>& words, Console& console) {
  Arguments arguments(words);
  const bool as_json = std::find(words.begin(), words.end(), "--json") != words.end();
  try {
    const ExitCode status = verb.run(arguments, console);
    console.flush();
    return status;
  } catch (const HelpWanted&) {
    console.write(verb_help(verb, arguments, console));
    console.flush();
    return kSuccess;
  } catch (const UsageError& error) {
    return report({kUsage, "usage", error.what(), fmt::format("see `adze {} --help`", verb.name)}, as_json, console);
  } catch (const Error& error) {
    return report(failure_of(error), as_json, console);
  } catch (const std::bad_alloc&) {
    return report({kFailure, "out_of_memory", "not enough memory", ""}, as_json, console);
  } catch (const std::exception& error) {
    return report(failure_of(Error(ErrorCode::internal, error.what())), as_json, console);
  }
}

int fail_unknown_verb(const std::string& word, Console& console) {
  std::vector<std::string> names;
  for (const Verb* verb : all_verbs()) names.emplace_back(verb->name);
  const std::string what = word.starts_with("-") ? "option" : "verb";
  const std::string message = fmt::format("unknown {} '{}'{}", what, word, suggestion_for(word, names));
  return report({kUsage, "usage", message, "see `adze --help`"}, false, console);
}

int print_and_flush(const std::string& text, Console& console) {
  console.write(text);
  console.flush();
  return kSuccess;
}

int run_words(const std::vector<std::string>& words, Console& console) {
  if (words.empty()) {
    console.write_message(program_help(console));
    return kUsage;
  }
  const std::string& first = words.front();
  if (first == "-h" || first == "--help" || (first == "help" && words.size() == 1)) {
    return print_and_flush(program_help(console), console);
  }
  if (first == "--version") return print_and_flush(fmt::format("adze {}\n", program_version()), console);
  if (first == "--help-page") return print_and_flush(help_page(console), console);
  if (first == "--completion") return print_and_flush(bash_completion(console), console);
  const bool asks_help = first == "help";
  const std::string& name = asks_help ? words[1] : first;
  const Verb* verb = find_verb(name);
  if (!verb) return fail_unknown_verb(name, console);
  return run_verb(*verb, asks_help ? std::vector<std::string>{"--help"} : std::vector(words.begin() + 1, words.end()),
                  console);
}

/// Shows warnings, each once: several steps of a verb may come upon the same.
class WarningPrinter {
 public:
  explicit WarningPrinter(Console& console) : console_(console) {}
  void operator()(LogLevel level, std::string_view message) {
    if (shown_.size() >= kMostRemembered) shown_.clear();
    if (level != LogLevel::warning || !shown_.emplace(message).second) return;
    console_.note("{} {}", console_.styled_message(Style::warning, "warning:"), report::printable(message));
  }

 private:
  static constexpr size_t kMostRemembered = 1000;  // a server's warnings have no end

  Console& console_;
  std::set<std::string, std::less<>> shown_;
};

}  // namespace

int run_program(const std::vector<std::string>& words) {
  Console console;
  catch_interrupts();
  catch_file_faults();
  set_log_sink(WarningPrinter(console));
  int status = kSuccess;
  try {
    status = run_words(words, console);
    console.flush();
  } catch (const Error& error) {  // the standard output is gone, which a verb that failed has said already
    if (status == kSuccess) status = report(failure_of(error), false, console);
  }
  set_log_sink({});
  return status;
}

}  // namespace adze::cli
