// Where the program's words go: results to stdout, everything else to stderr. Knows whether a person is looking.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "report/cell.h"

namespace adze::cli {

using report::Style;

class Console {
 public:
  /// Asks the system whether stdout and stderr are terminals; colours only there, and not with NO_COLOR or TERM=dumb.
  Console();

  bool output_is_terminal() const { return output_is_terminal_; }
  bool errors_are_terminal() const { return errors_are_terminal_; }
  /// Columns of the terminal; 0 when stdout is none.
  size_t output_columns() const;

  /// Results; seen at the next flush() at the latest. The text is written as it is: pass what comes from files through
  /// report::printable() first.
  void write(std::string_view text);
  template <typename... Args>
  void print(fmt::format_string<Args...> format, Args&&... args) {
    write(fmt::vformat(format, fmt::make_format_args(args...)));
  }
  /// Text that a model made: unchanged into a pipe, on a terminal without control characters but line breaks and tabs.
  void write_model_text(std::string_view text);
  /// Makes what was written visible now. Throws Error(io) if it could not be written.
  void flush();

  /// Messages to the person. A progress line on the terminal is cleared first.
  void write_message(std::string_view text);
  template <typename... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    write_message(fmt::vformat(format, fmt::make_format_args(args...)) + "\n");
  }

  bool output_has_colours() const { return output_colours_; }
  bool errors_have_colours() const { return error_colours_; }
  /// `text` in colour when stdout (or stderr) shows colours, else unchanged.
  std::string styled(Style style, std::string_view text) const;
  std::string styled_message(Style style, std::string_view text) const;

  /// Replaces the progress line at the bottom of stderr; empty clears it. Nothing happens unless it is a terminal.
  void show_progress(std::string_view line);

 private:
  std::string held_;  // written, but not yet handed to the system
  bool output_is_terminal_;
  bool errors_are_terminal_;
  bool output_colours_;
  bool error_colours_;
  bool progress_shown_ = false;
};

}  // namespace adze::cli
