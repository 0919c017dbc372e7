#include "cli/input_text.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>

#include "base/error.h"
#include "base/file.h"
#include "cli/arguments.h"
#include "cli/interrupt.h"

namespace adze::cli {

std::string read_standard_input() {
  std::string text;
  std::array<char, 65536> buffer;
  while (const size_t bytes = std::fread(buffer.data(), 1, buffer.size(), stdin)) text.append(buffer.data(), bytes);
  if (interrupted()) fail(ErrorCode::cancelled, "stopped while reading the standard input");
  if (std::ferror(stdin)) fail(ErrorCode::io, "cannot read the standard input");
  return text;
}

std::string input_text(const std::optional<std::string>& argument, const std::optional<std::string>& file,
                       const char* what) {
  if (argument && file) throw UsageError(fmt::format("{} is given twice: as an argument and as a file", what));
  if (file) return *file == "-" ? read_standard_input() : read_text_file(*file);
  if (!argument)
    throw UsageError(
        fmt::format("{} is missing: give it as an argument, with --file, or '-' for the standard input", what));
  return *argument == "-" ? read_standard_input() : *argument;
}

}  // namespace adze::cli
