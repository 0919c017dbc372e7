// One value in a table or list of facts: what a reader sees and what a program reads.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace adze::report {

/// How a cell looks where colours are wanted; without them it is plain text.
enum class Style { plain, strong, faint, good, warning, bad };

/// The value in JSON; numbers that are not finite become null there.
using CellValue = std::variant<std::monostate, bool, int64_t, double, std::string>;

struct Cell {
  /// Text for both; text from files is made printable for the reader and left as it is for programs.
  Cell(std::string_view shown);                               // NOLINT: a string is a cell
  Cell(const std::string& shown);                             // NOLINT
  Cell(const char* shown) : Cell(std::string_view(shown)) {}  // NOLINT

  static Cell nothing();         // "-" and null
  static Cell flag(bool value);  // "yes" or "no"
  static Cell integer(int64_t value);
  static Cell number(double value, int decimals);  // "3.14"
  static Cell bytes(int64_t bytes);                // "98.4 MB" and the exact number
  static Cell count(int64_t count);                // "135 M" and the exact number
  static Cell seconds(double seconds);             // "12.3 ms" and seconds
  static Cell percent(double fraction);            // "4.21 %" and the fraction
  /// Any value with a text of its own.
  static Cell shown_as(std::string_view shown, CellValue value);

  Cell with_style(Style new_style) const;

  std::string text;
  CellValue value;
  Style style = Style::plain;
};

/// `text` between the terminal's codes for `style`; the same text when plain.
std::string coloured(std::string_view text, Style style);

}  // namespace adze::report
