#include "cli/text_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/utf8.h"

namespace adze::cli {
namespace {

size_t columns_of(std::string_view text) { return utf8_to_code_points(text).size(); }

std::string padded(const std::string& text, size_t width, Align align) {
  const std::string blanks(width - std::min(width, columns_of(text)), ' ');
  return align == Align::left ? text + blanks : blanks + text;
}

}  // namespace

std::string TextTable::line(const std::vector<std::string>& cells, const std::vector<size_t>& widths,
                            const Console& console, bool is_title) const {
  std::string out;
  for (size_t i = 0; i < cells.size(); ++i) {
    const bool is_last_left = i + 1 == cells.size() && columns_[i].align == Align::left;
    const std::string cell = is_last_left ? cells[i] : padded(cells[i], widths[i], columns_[i].align);
    const Style style = is_title ? Style::faint : i == 0 ? Style::name : Style::plain;
    out.append("  ").append(console.styled(style, cell));
  }
  return out + "\n";
}

void TextTable::print(Console& console) const {
  std::vector<std::string> titles;
  std::vector<size_t> widths;
  for (size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back(columns_[i].title);
    widths.push_back(columns_of(columns_[i].title));
    for (const auto& row : rows_) widths[i] = std::max(widths[i], columns_of(row[i]));
  }
  console.write(line(titles, widths, console, true));
  for (const auto& row : rows_) console.write(line(row, widths, console, false));
}

void print_facts(Console& console, const Facts& facts) {
  size_t width = 0;
  for (const auto& [name, value] : facts) width = std::max(width, columns_of(name));
  for (const auto& [name, value] : facts) {
    console.print("  {}  {}\n", console.styled(Style::name, padded(name, width, Align::left)), value);
  }
}

void print_heading(Console& console, std::string_view title) {
  console.print("\n{}\n", console.styled(Style::heading, title));
}

std::string bytes_text(double bytes) {
  constexpr std::array kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < kUnits.size(); ++unit) bytes /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string count_text(int64_t count) {
  const std::string digits = fmt::format("{}", count);
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    const bool group_begins = i > 0 && digits[i - 1] != '-' && (digits.size() - i) % 3 == 0;
    if (group_begins) out += ',';
    out += digits[i];
  }
  return out;
}

std::string parameters_text(int64_t count) {
  if (count < 10'000) return count_text(count);
  if (count < 1'000'000) return fmt::format("{:.1f} k", static_cast<double>(count) * 1e-3);
  if (count < 1'000'000'000) return fmt::format("{:.1f} M", static_cast<double>(count) * 1e-6);
  return fmt::format("{:.2f} B", static_cast<double>(count) * 1e-9);
}

}  // namespace adze::cli
