#include "cli/help_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/exit_codes.h"
#include "report/display_width.h"

namespace adze::cli {
namespace {

using report::display_width;

constexpr size_t kHelpColumns = 100;
constexpr size_t kWidestLeftColumn = 30;

std::vector<std::string> wrapped(std::string_view text, size_t columns) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const auto space = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, space);
    if (!lines.back().empty() && display_width(lines.back()) + 1 + display_width(word) > columns) lines.emplace_back();
    lines.back().append(lines.back().empty() ? "" : " ").append(word);
    text.remove_prefix(std::min(text.size(), space + 1));
  }
  return lines;
}

std::string paragraph(std::string_view text, size_t indent = 0) {
  std::string out;
  for (const auto& line : wrapped(text, kHelpColumns - indent)) out += std::string(indent, ' ') + line + "\n";
  return out;
}

// "  left      right", the right side wrapped in its column.
std::string two_columns(const std::string& left, const std::string& shown_left, std::string_view right, size_t width) {
  std::string out = fmt::format("  {}", shown_left);
  size_t filled = display_width(left);
  for (const auto& line : wrapped(right, kHelpColumns - width - 4)) {
    if (filled > width) {
      out += "\n  ";
      filled = 0;
    }
    out.append(width - filled + 2, ' ').append(line);
    filled = width + 1;
  }
  return out + "\n";
}

std::string left_side(const DescribedOption& option) {
  return option.value.empty() ? option.flags : option.flags + " " + option.value;
}

std::string usage_line(const Verb& verb, const Arguments& arguments) {
  std::string line = fmt::format("adze {} [options]", verb.name);
  for (const auto& option : arguments.described()) {
    if (option.is_positional) line += fmt::format(fmt::runtime(option.is_required ? " {}" : " [{}]"), option.flags);
  }
  return line;
}

std::vector<DescribedOption> with_help_option(const Arguments& arguments) {
  std::vector<DescribedOption> options(arguments.described().begin(), arguments.described().end());
  options.push_back({"-h, --help", "", "show this help", ""});
  // Options outside any section come first, whatever the order of declaration.
  std::stable_partition(options.begin(), options.end(), [](const auto& o) { return o.section.empty(); });
  return options;
}

std::string option_lists(const std::vector<DescribedOption>& options, const Console& console) {
  size_t width = 0;
  for (const auto& option : options) {
    const size_t columns = display_width(left_side(option));
    if (columns <= kWidestLeftColumn) width = std::max(width, columns);
  }
  std::string out;
  std::string section = "?";
  bool in_positionals = false;
  for (const auto& option : options) {
    if (option.is_positional != in_positionals || option.section != section) {
      const std::string title = option.section.empty() ? "Options" : option.section;
      out += option.is_positional ? "\n" : fmt::format("\n{}\n", console.styled(Style::strong, title + ":"));
    }
    in_positionals = option.is_positional;
    section = option.section;
    out += two_columns(left_side(option), console.styled(Style::plain, left_side(option)), option.help, width);
  }
  return out;
}

std::string examples_text(const Verb& verb, const Console& console) {
  std::string out = fmt::format("\n{}\n", console.styled(Style::strong, "Examples:"));
  for (const auto& example : verb.examples) {
    out += fmt::format("  adze {}\n{}", example.command, paragraph(example.what, 6));
  }
  return out;
}

// Runs the verb only as far as its declarations.
void declare(const Verb& verb, Arguments& arguments, Console& console) {
  try {
    verb.run(arguments, console);
  } catch (const HelpWanted&) {
  }
}

std::vector<std::string_view> groups() {
  std::vector<std::string_view> names;
  for (const Verb* verb : all_verbs()) {
    if (names.empty() || names.back() != verb->group) names.push_back(verb->group);
  }
  return names;
}

// A bar would end the cell of a Markdown table.
std::string with_bars_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out.append(c == '|' ? "\\|" : std::string_view(&c, 1));
  return out;
}

std::string page_of(const Verb& verb, const Arguments& arguments) {
  std::string out =
      fmt::format("## adze {}\n\n{}\n\n    {}\n\n", verb.name, verb.description, usage_line(verb, arguments));
  out += "| argument | meaning |\n|---|---|\n";
  for (const auto& option : with_help_option(arguments)) {
    std::string left = left_side(option);
    left.erase(0, left.find_first_not_of(' '));
    out += fmt::format("| `{}` | {} |\n", left, with_bars_escaped(option.help));
  }
  out += "\n";
  for (const auto& example : verb.examples) out += fmt::format("- `adze {}`: {}\n", example.command, example.what);
  return out + "\n";
}

}  // namespace

std::string program_help(const Console& console) {
  std::string out = "Convert, quantize, measure and run AI models on small machines.\n\n";
  out += "Usage: adze VERB [options]\n";
  for (const auto group : groups()) {
    out += fmt::format("\n{}\n", console.styled(Style::strong, fmt::format("{}:", group)));
    for (const Verb* verb : all_verbs()) {
      const std::string name(verb->name);
      if (verb->group == group) out += two_columns(name, console.styled(Style::plain, name), verb->summary, 9);
    }
  }
  out += "\n`adze VERB --help` tells more about one of them, with examples; `adze --version` prints the version.\n";
  return out + fmt::format("Exit status: {}.\n", kExitCodesSummary);
}

std::string verb_help(const Verb& verb, const Arguments& arguments, const Console& console) {
  std::string out = paragraph(verb.description) + "\nUsage: " + usage_line(verb, arguments) + "\n";
  out += option_lists(with_help_option(arguments), console);
  out += examples_text(verb, console);
  return out + fmt::format("\nExit status: {}.\n", kExitCodesSummary);
}

std::string help_page(Console& console) {
  std::string out =
      "# The command line\n\n"
      "This page is what `adze --help-page` prints; a test compares the two.\n\n"
      "Results go to the standard output, messages and progress to the standard error; progress is shown only on a\n"
      "terminal. Colours appear only on a terminal and not when `NO_COLOR` is set. With `--json` the result, or the\n"
      "error as `{\"error\": {\"code\": …, \"message\": …}}`, is one JSON document on the standard output.\n\n"
      "| exit status | meaning |\n|---|---|\n| 0 | success |\n| 1 | error: the input or the machine does not allow it; "
      "or `assert` or `verify` found a difference |\n"
      "| 2 | wrong usage |\n| 3 | a file, model or name was not found, or is not available here |\n"
      "| 130 | stopped by Ctrl-C; files are as they were before |\n\n";
  for (const Verb* verb : all_verbs()) {
    Arguments arguments({"--help"});
    declare(*verb, arguments, console);
    out += page_of(*verb, arguments);
  }
  out.pop_back();
  return out;
}

std::string bash_completion(Console& console) {
  std::string names;
  std::string cases;
  for (const Verb* verb : all_verbs()) {
    Arguments arguments({"--help"});
    declare(*verb, arguments, console);
    std::string options;
    for (const auto& option : with_help_option(arguments)) {
      const auto dashes = option.flags.find("--");
      if (dashes != std::string::npos) options.append(options.empty() ? "" : " ").append(option.flags.substr(dashes));
    }
    names.append(names.empty() ? "" : " ").append(verb->name);
    cases += fmt::format("    {}) words=\"{}\" ;;\n", verb->name, options);
  }
  return fmt::format(
      "# source <(adze --completion)\n"
      "_adze() {{\n  local current=${{COMP_WORDS[COMP_CWORD]}} words\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then\n    COMPREPLY=($(compgen -W \"{} --help --version\" -- \"$current\"))\n"
      "    return\n  fi\n  case ${{COMP_WORDS[1]}} in\n{}  esac\n"
      "  case $current in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
      "    *) COMPREPLY=($(compgen -f -- \"$current\")) ;;\n  esac\n}}\n"
      "complete -o filenames -F _adze adze\n",
      names, cases);
}

}  // namespace adze::cli
