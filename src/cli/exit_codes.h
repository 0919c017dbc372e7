// What the program's exit status means. Documented in --help and docs/cli.md, and kept stable for scripts.
#pragma once

#include <string_view>

namespace adze::cli {

enum ExitCode : int {
  kSuccess = 0,
  kFailure = 1,      // the input or the machine does not allow it; a check found something else than it should
  kUsage = 2,        // the command line makes no sense
  kUnavailable = 3,  // a file, model or name does not exist, or is not available here
  kCancelled = 130,  // stopped by Ctrl-C; outputs are as they were before
};

inline constexpr std::string_view kExitCodesSummary =
    "0 success, 1 error, 2 wrong usage, 3 not found or not available, 130 stopped by Ctrl-C";

}  // namespace adze::cli
