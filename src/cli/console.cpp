#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"

namespace adze::cli {
namespace {

bool wants_no_colours() {
  const char* no_colour = std::getenv("NO_COLOR");
  const char* terminal = std::getenv("TERM");
  return (no_colour && *no_colour) || (terminal && std::string_view(terminal) == "dumb");
}

bool is_control(char32_t code_point) {
  const bool c0_or_c1 = code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
  // Marks that reorder the text around them.
  const bool direction =
      (code_point >= 0x202A && code_point <= 0x202E) || (code_point >= 0x2066 && code_point <= 0x2069);
  return c0_or_c1 || direction;
}

}  // namespace

Console::Console()
    : output_is_terminal_(::isatty(STDOUT_FILENO) == 1),
      errors_are_terminal_(::isatty(STDERR_FILENO) == 1),
      output_colours_(output_is_terminal_ && !wants_no_colours()),
      error_colours_(errors_are_terminal_ && !wants_no_colours()) {}

size_t Console::output_columns() const {
  winsize size{};
  if (!output_is_terminal_ || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

void Console::write(std::string_view text) {
  if (progress_shown_ && output_is_terminal_) show_progress("");
  std::fwrite(text.data(), 1, text.size(), stdout);
}

void Console::write_model_text(std::string_view text) {
  if (!output_is_terminal_) return write(text);
  std::string shown;
  for (; !text.empty(); text.remove_prefix(decode_utf8(text).bytes)) {
    const char32_t code_point = decode_utf8(text).code_point;
    if (code_point == '\n' || code_point == '\t' || !is_control(code_point)) append_utf8(shown, code_point);
  }
  write(shown);
}

void Console::flush() {
  if (std::fflush(stdout) != 0 || std::ferror(stdout)) fail(ErrorCode::io, "cannot write to the standard output");
}

void Console::write_message(std::string_view text) {
  show_progress("");
  std::fflush(stdout);  // keeps the order of what a terminal shows
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string Console::styled(Style style, std::string_view text) const {
  return report::coloured(text, output_colours_ ? style : Style::plain);
}

std::string Console::styled_message(Style style, std::string_view text) const {
  return report::coloured(text, error_colours_ ? style : Style::plain);
}

void Console::show_progress(std::string_view line) {
  if (!errors_are_terminal_ || (line.empty() && !progress_shown_)) return;
  const std::string text = fmt::format("\r\x1b[K{}", line);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  progress_shown_ = !line.empty();
}

}  // namespace adze::cli
