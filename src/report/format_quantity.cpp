#include "report/format_quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

namespace adze::report {
namespace {

// Digits after the point that leave three significant ones. REQUIRES: finite.
int decimals_for(double magnitude) {
  if (magnitude == 0) return 0;
  int decimals = std::clamp(2 - static_cast<int>(std::floor(std::log10(magnitude))), 0, 12);
  // 9.996 would become 10.00 with the two digits of 9.996.
  if (decimals > 0 && std::round(magnitude * std::pow(10, decimals)) >= 1000) --decimals;
  return decimals;
}

// `units` step by 1000. What would be shown as 1000 of a unit is shown as 1.00 of the next.
std::string scaled(double value, std::span<const std::string_view> units, bool whole_first_unit) {
  if (!std::isfinite(value)) return fmt::format("{} {}", value, units[0]);
  size_t unit = 0;
  double magnitude = std::abs(value);
  while (magnitude >= 999.5 && unit + 1 < units.size()) {
    magnitude /= 1000;
    ++unit;
  }
  const int decimals = unit == 0 && whole_first_unit ? 0 : decimals_for(magnitude);
  const auto text = fmt::format("{}{:.{}f}", std::signbit(value) ? "-" : "", magnitude, decimals);
  return units[unit].empty() ? text : fmt::format("{} {}", text, units[unit]);
}

}  // namespace

std::string format_bytes(int64_t bytes) {
  static constexpr std::string_view kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  return scaled(static_cast<double>(bytes), kUnits, true);
}

std::string format_count(double count) {
  static constexpr std::string_view kUnits[] = {"", "k", "M", "G", "T", "P"};
  if (!std::isfinite(count)) return format_number(count);
  return scaled(count, kUnits, count == std::floor(count));
}

std::string format_duration(double seconds) {
  static constexpr std::string_view kUnits[] = {"ns", "µs", "ms", "s"};
  if (!std::isfinite(seconds) || std::abs(seconds) < 59.95) return scaled(seconds * 1e9, kUnits, true);
  const double magnitude = std::round(std::abs(seconds));
  const char* sign = seconds < 0 ? "-" : "";
  const double minutes = std::floor(magnitude / 60);
  if (magnitude < 3600) return fmt::format("{}{:.0f} min {:02.0f} s", sign, minutes, magnitude - minutes * 60);
  const double hours = std::floor(std::round(magnitude / 60) / 60);
  return fmt::format("{}{:.0f} h {:02.0f} min", sign, hours, std::round(magnitude / 60) - hours * 60);
}

std::string format_percent(double fraction) {
  return std::isfinite(fraction) ? format_number(fraction * 100) + " %" : format_number(fraction);
}

std::string format_number(double number) {
  if (!std::isfinite(number)) return fmt::format("{}", number);
  return fmt::format("{:.{}f}", number, decimals_for(std::abs(number)));
}

}  // namespace adze::report
