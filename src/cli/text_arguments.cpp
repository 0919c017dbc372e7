#include "cli/text_arguments.h"

#include <filesystem>

#include "base/error.h"
#include "cli/input_text.h"

namespace adze::cli {

void TextArguments::declare(Arguments& arguments) {
  arguments.option({"--text", "FILE",
                    "text to measure quality on; '-' reads the standard input; without it, a short one that comes with "
                    "the program"},
                   text);
  arguments.option({"--chunks", "N", "chunks of the text; 0: all"}, chunks, at_least(0));
  arguments.option({"--chunk-tokens", "N", "tokens per chunk at most, of which the second half is scored"}, context,
                   {4, 1 << 20});
}

pipeline::MeasuredText TextArguments::read() const {
  pipeline::MeasuredText measured{.context = context, .chunks = chunks};
  if (!text) return measured;
  measured.name = name_of_text(*text);
  measured.content = input_text(std::nullopt, text, "a text");
  if (measured.content.empty()) fail(ErrorCode::bad_input, "{}: the text is empty", measured.name);
  return measured;
}

std::string name_of_text(const std::string& path) {
  return path == "-" ? "the standard input" : std::filesystem::path(path).filename().string();
}

}  // namespace adze::cli
