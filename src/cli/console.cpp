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

const char* escape_of(Style style) {
  switch (style) {
    case Style::heading:
      return "\x1b[1m";
    case Style::name:
      return "\x1b[36m";
    case Style::faint:
      return "\x1b[2m";
    case Style::good:
      return "\x1b[32m";
    case Style::warning:
      return "\x1b[33m";
    case Style::error:
      return "\x1b[1;31m";
    case Style::plain:
      break;
  }
  return "";
}

std::string with_escapes(bool colours, Style style, std::string_view text) {
  if (!colours || style == Style::plain) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_of(style), text);
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

int Console::columns(int fallback) const {
  winsize size{};
  if (!output_is_terminal_ || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return fallback;
  return size.ws_col;
}

void Console::write(std::string_view text) {
  if (progress_shown_ && output_is_terminal_) show_progress("");
  std::fwrite(text.data(), 1, text.size(), stdout);
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
  return with_escapes(output_colours_, style, text);
}

std::string Console::styled_message(Style style, std::string_view text) const {
  return with_escapes(error_colours_, style, text);
}

void Console::show_progress(std::string_view line) {
  if (!errors_are_terminal_ || (line.empty() && !progress_shown_)) return;
  const std::string text = fmt::format("\r\x1b[K{}", line);
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
  progress_shown_ = !line.empty();
}

std::string printable(std::string_view text, size_t columns) {
  std::string out;
  size_t width = 0;
  size_t cut = 0;  // where the text ends if it turns out too long
  while (!text.empty()) {
    const auto character = decode_utf8(text);
    text.remove_prefix(character.bytes);
    const char32_t code_point = character.code_point;
    const size_t before = out.size();
    if (code_point == '\n' || code_point == '\t' || code_point == '\r') {
      out += ' ';
    } else if (is_control(code_point)) {
      out += fmt::format("\\x{:02x}", static_cast<uint32_t>(code_point));
    } else {
      append_utf8(out, code_point);
    }
    if (width + 1 == columns) cut = before;
    if (++width > columns) return out.substr(0, cut) + "…";
  }
  return out;
}

}  // namespace adze::cli
