// Help in its forms, all made of the table of verbs.
#pragma once

#include <string>

#include "cli/arguments.h"
#include "cli/console.h"
#include "cli/verb.h"

namespace adze::cli {

/// `adze --help`.
std::string program_help(const Console& console);
/// `adze VERB --help`. REQUIRES: the verb has declared its arguments.
std::string verb_help(const Verb& verb, const Arguments& arguments, const Console& console);
/// docs/cli.md, what `adze --help-page` prints.
std::string help_page(Console& console);
/// A completion script for bash, what `adze --completion` prints.
std::string bash_completion(Console& console);

}  // namespace adze::cli
