#include "report/cell.h"

#include <fmt/format.h>

#include "report/display_width.h"
#include "report/format_quantity.h"

namespace adze::report {

Cell::Cell(std::string_view shown) : text(printable(shown)), value(std::string(shown)) {}
Cell::Cell(const std::string& shown) : Cell(std::string_view(shown)) {}

Cell Cell::shown_as(std::string_view shown, CellValue value) {
  Cell cell(shown);
  cell.value = std::move(value);
  return cell;
}

Cell Cell::nothing() { return shown_as("-", {}); }
Cell Cell::flag(bool value) { return shown_as(value ? "yes" : "no", value); }
Cell Cell::integer(int64_t value) { return shown_as(fmt::format("{}", value), value); }
Cell Cell::number(double value, int decimals) { return shown_as(fmt::format("{:.{}f}", value, decimals), value); }
Cell Cell::bytes(int64_t bytes) { return shown_as(format_bytes(bytes), bytes); }
Cell Cell::count(int64_t count) { return shown_as(format_count(static_cast<double>(count)), count); }
Cell Cell::seconds(double seconds) { return shown_as(format_duration(seconds), seconds); }
Cell Cell::percent(double fraction) { return shown_as(format_percent(fraction), fraction); }

Cell Cell::with_style(Style new_style) const {
  Cell cell = *this;
  cell.style = new_style;
  return cell;
}

std::string coloured(std::string_view text, Style style) {
  const auto code = [&] {
    switch (style) {
      case Style::plain:
        return "";
      case Style::strong:
        return "1";
      case Style::faint:
        return "2";
      case Style::good:
        return "32";
      case Style::warning:
        return "33";
      case Style::bad:
        return "31";
    }
    return "";
  }();
  return *code == '\0' ? std::string(text) : fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

}  // namespace adze::report
