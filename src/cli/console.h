// Where the program's words go: results to stdout, everything else to stderr. Knows whether a person is looking.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

namespace adze::cli {

enum class Style { plain, heading, name, faint, good, warning, error };

class Console {
 public:
  /// Asks the system whether stdout and stderr are terminals; colours only there, and not with NO_COLOR or TERM=dumb.
  Console();

  bool output_is_terminal() const { return output_is_terminal_; }
  bool errors_are_terminal() const { return errors_are_terminal_; }
  /// Columns of the terminal, or `fallback` when stdout is none.
  int columns(int fallback) const;

  /// Results. The text is written as it is: pass what comes from files through printable() first.
  void write(std::string_view text);
  template <typename... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::vformat(format, fmt::make_format_args(args...)));
  }
  /// Makes what was written visible now. Throws Error(io) if it could not be written.
  void flush();

  /// Messages to the person. A progress line on the terminal is cleared first.
  void write_message(std::string_view text);
  template <typename... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    write_message(fmt::vformat(format, fmt::make_format_args(args...)) + "\n");
  }

  /// `text` in colour when stdout (or stderr) shows colours, else unchanged.
  std::string styled(Style style, std::string_view text) const;
  std::string styled_message(Style style, std::string_view text) const;

  /// Replaces the progress line at the bottom of stderr; empty clears it. Nothing happens unless it is a terminal.
  void show_progress(std::string_view line);

 private:
  bool output_is_terminal_;
  bool errors_are_terminal_;
  bool output_colours_;
  bool error_colours_;
  bool progress_shown_ = false;
};

/// Text from a file without control characters, so that it cannot move the cursor or recolour the terminal: line
/// breaks and tabs become spaces, others \xNN, and invalid UTF-8 becomes U+FFFD. Cut to `columns` with "…" if longer.
std::string printable(std::string_view text, size_t columns = SIZE_MAX);

}  // namespace adze::cli
