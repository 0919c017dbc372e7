// Text that a verb works on: an argument, a file or the standard input.
#pragma once

#include <optional>
#include <string>

namespace adze::cli {

/// Everything up to its end. Throws Error(io), or Error(cancelled) after Ctrl-C.
std::string read_standard_input();

/// `argument` itself, the standard input for "-", or the file. Throws UsageError when both or none are given, naming
/// `what` ("a prompt").
std::string input_text(const std::optional<std::string>& argument, const std::optional<std::string>& file,
                       const char* what);

}  // namespace adze::cli
