// The text that quality is measured on, where one comes with the program.
#pragma once

#include <optional>
#include <string>

#include "cli/arguments.h"
#include "pipeline/behaviour.h"

namespace adze::cli {

struct TextArguments {
  std::optional<std::string> text;
  int64_t context = 512;
  int64_t chunks = 4;

  void declare(Arguments& arguments);
  /// Reads the file or the standard input.
  pipeline::MeasuredText read() const;
};

/// "wiki.txt" of a path, "the standard input" of "-".
std::string name_of_text(const std::string& path);

}  // namespace adze::cli
