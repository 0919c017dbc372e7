// Rows of cells as an aligned text table or as JSON rows.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "report/cell.h"

namespace adze::report {

enum class Align { left, right };

struct Column {
  std::string title;              // "Size"
  std::string key;                // of the JSON row: "bytes"
  Align align = Align::left;      // numbers stand at the right
  bool may_be_shortened = false;  // long names, when the table is wider than TextOptions::columns
};

struct TextOptions {
  bool colour = false;
  size_t columns = 0;  // width of the terminal; 0: as wide as it gets
};

class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// REQUIRES: one cell per column.
  void add_row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  /// Titles, a rule and the rows, two spaces between columns, no blanks at line ends.
  std::string to_text(const TextOptions& options = {}) const;
  /// An array with one object per row.
  Json to_json() const;

 private:
  std::vector<size_t> column_widths(size_t available) const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

/// The value of a cell in JSON.
Json to_json(const Cell& cell);

}  // namespace adze::report
