#include "report/table.h"

#include <algorithm>
#include <cmath>

#include "base/utf8.h"
#include "report/display_width.h"

namespace adze::report {
namespace {

constexpr size_t kGap = 2;              // blanks between columns
constexpr size_t kNarrowestColumn = 8;  // no column is shortened below this

struct JsonOfCell {
  Json operator()(std::monostate) const { return nullptr; }
  Json operator()(bool flag) const { return flag; }
  Json operator()(int64_t number) const { return number; }
  Json operator()(double number) const { return std::isfinite(number) ? Json(number) : Json(nullptr); }
  Json operator()(const std::string& text) const { return replace_invalid_utf8(text); }
};

size_t total_width(const std::vector<size_t>& widths) {
  size_t total = widths.empty() ? 0 : (widths.size() - 1) * kGap;
  for (const size_t width : widths) total += width;
  return total;
}

// `text` padded to `width`; the style covers the text, not the padding.
std::string padded(const std::string& text, size_t width, Align align, Style style) {
  const std::string blanks(width - display_width(text), ' ');
  const auto styled = coloured(text, style);
  return align == Align::right ? blanks + styled : styled + blanks;
}

void end_line(std::string& out) {
  out.erase(out.find_last_not_of(' ') + 1);
  out += '\n';
}

}  // namespace

Json to_json(const Cell& cell) { return std::visit(JsonOfCell{}, cell.value); }

std::vector<size_t> Table::column_widths(size_t available) const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i].text));
  }
  for (size_t i = 0; available > 0 && i < columns_.size(); ++i) {
    const size_t total = total_width(widths);
    if (total <= available || !columns_[i].may_be_shortened) continue;
    const size_t least = std::min(widths[i], std::max(kNarrowestColumn, display_width(columns_[i].title)));
    widths[i] = std::max(least, widths[i] - std::min(widths[i], total - available));
  }
  return widths;
}

std::string Table::to_text(const TextOptions& options) const {
  const auto widths = column_widths(options.columns);
  std::string out;
  const auto append = [&](size_t column, const std::string& text, Style style) {
    if (column > 0) out.append(kGap, ' ');
    const auto shown = shortened(text, std::max<size_t>(widths[column], 1));
    out += padded(shown, widths[column], columns_[column].align, options.colour ? style : Style::plain);
  };
  for (size_t i = 0; i < columns_.size(); ++i) append(i, columns_[i].title, Style::strong);
  end_line(out);
  for (size_t i = 0; i < total_width(widths); ++i) out += "─";
  end_line(out);
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) append(i, row[i].text, row[i].style);
    end_line(out);
  }
  return out;
}

Json Table::to_json() const {
  Json rows = Json::array();
  for (const auto& row : rows_) {
    Json object = Json::object();
    for (size_t i = 0; i < row.size(); ++i) object[columns_[i].key] = report::to_json(row[i]);
    rows.push_back(std::move(object));
  }
  return rows;
}

}  // namespace adze::report
