// Aligned columns for the terminal.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/console.h"

namespace adze::cli {

enum class Align { left, right };

struct Column {
  std::string title;
  Align align = Align::left;
};

class TextTable {
 public:
  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// REQUIRES: one cell per column, printable.
  void add_row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  /// Indented by two; titles and the first column are styled, nothing trails.
  void print(Console& console) const;

 private:
  std::string line(const std::vector<std::string>& cells, const std::vector<size_t>& widths, const Console& console,
                   bool is_title) const;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

/// "  Name          value" lines, the values aligned.
using Facts = std::vector<std::pair<std::string, std::string>>;
void print_facts(Console& console, const Facts& facts);
/// An empty line and a title.
void print_heading(Console& console, std::string_view title);

// Quantities as people read them.
std::string bytes_text(double bytes);        // "96.9 MiB"
std::string count_text(int64_t count);       // "49,152"
std::string parameters_text(int64_t count);  // "134.5 M"

}  // namespace adze::cli
