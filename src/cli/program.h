#pragma once

#include <string>
#include <vector>

namespace adze::cli {

/// The whole program behind main(): finds the verb, runs it, turns whatever it throws into one line and an exit code.
int run_program(const std::vector<std::string>& words);

}  // namespace adze::cli
