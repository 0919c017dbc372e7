#include "cli/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/error.h"
#include "base/utf8.h"

namespace adze::cli {
namespace {

constexpr size_t kMostHeldBytes = 65536;

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

// Also when a signal comes in between, which ends a write early. False when the system refuses.
bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<size_t>(written));
  }
  return true;
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
  if (output_is_terminal_) show_progress("");
  held_.append(text);
  if (held_.size() >= kMostHeldBytes) flush();
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
  const std::string text = std::exchange(held_, {});
  if (!write_all(STDOUT_FILENO, text)) fail(ErrorCode::io, "cannot write to the standard output");
}

void Console::write_message(std::string_view text) {
  show_progress("");
  if (output_is_terminal_) flush();  // keeps the order of what a terminal shows
  write_all(STDERR_FILENO, text);    // nobody could be told of a failure
}

std::string Console::styled(Style style, std::string_view text) const {
  return report::coloured(text, output_colours_ ? style : Style::plain);
}

std::string Console::styled_message(Style style, std::string_view text) const {
  return report::coloured(text, error_colours_ ? style : Style::plain);
}

void Console::show_progress(std::string_view line) {
  if (!errors_are_terminal_ || (line.empty() && !progress_shown_)) return;
  write_all(STDERR_FILENO, fmt::format("\r\x1b[K{}", line));
  progress_shown_ = !line.empty();
}

}  // namespace adze::cli
