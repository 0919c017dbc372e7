#include "report/card_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report/format_quantity.h"
#include "report/html_text.h"

namespace adze::report {
namespace {

constexpr int kBarsTop = 42;  // pixels; above are the marks' labels
constexpr int kBarsBottom = 190;
constexpr int kHistogramHeight = 214;
constexpr int kHeatHeight = 20;

// The part of the bins that is worth showing, and where values are on it.
struct Window {
  size_t first, last;  // bins
  double log_first, log_step;

  size_t bins() const { return last - first + 1; }
  double width() const { return 100.0 / static_cast<double>(bins()); }
  double place(double value) const {
    const double bin = (std::log10(std::max(value, 1e-12)) - log_first) / log_step + 1 - static_cast<double>(first);
    return std::clamp(bin * width(), 0.0, 100.0);
  }
};

Window window_of(const std::vector<double>& edges, const std::vector<int64_t>& counts) {
  const auto filled = [](int64_t count) { return count > 0; };
  const auto first = std::ranges::find_if(counts, filled) - counts.begin();
  const auto last = std::find_if(counts.rbegin(), counts.rend(), filled).base() - counts.begin();
  const auto low = static_cast<size_t>(std::max<std::ptrdiff_t>(0, first - 1));
  const auto high = std::min(counts.size() - 1, static_cast<size_t>(std::max<std::ptrdiff_t>(1, last)));
  return {low, high, std::log10(edges.front()), std::log10(edges[1] / edges[0])};
}

std::string bars(const Window& window, const std::vector<double>& edges, const std::vector<int64_t>& counts) {
  const double most = static_cast<double>(std::max<int64_t>(1, *std::ranges::max_element(counts)));
  std::string out;
  for (size_t bin = window.first; bin <= window.last; ++bin) {
    const double height = static_cast<double>(counts[bin]) / most * (kBarsBottom - kBarsTop);
    const std::string from = bin == 0 ? "0" : format_number(edges[bin - 1]);
    const std::string to = bin < edges.size() ? format_number(edges[bin]) : "more";
    out += fmt::format(
        "<rect class=\"bar\" x=\"{:.2f}%\" y=\"{:.1f}\" width=\"{:.2f}%\" height=\"{:.1f}\" rx=\"2\">"
        "<title>{} to {} nats: {} positions</title></rect>",
        static_cast<double>(bin - window.first) * window.width() + 0.15 * window.width(), kBarsBottom - height,
        0.7 * window.width(), height, from, to, counts[bin]);
  }
  return out;
}

// "0.001", "100"
std::string power_of_ten(int exponent) {
  return fmt::format("{:.{}f}", std::pow(10, exponent), std::max(0, -exponent));
}

std::string decades(const Window& window, const std::vector<double>& edges) {
  std::string out;
  for (size_t edge = 0; edge < edges.size(); ++edge) {
    const double log_value = std::log10(edges[edge]);
    if (std::abs(log_value - std::round(log_value)) > 1e-6) continue;
    if (edge < window.first || edge > window.last) continue;
    const double x = window.place(edges[edge]);
    const char* anchor = x < 4 ? "start" : x > 96 ? "end" : "middle";
    out += fmt::format("<line class=\"grid\" x1=\"{0:.2f}%\" x2=\"{0:.2f}%\" y1=\"{1}\" y2=\"{2}\"/>", x, kBarsTop,
                       kBarsBottom + 4);
    out += fmt::format("<text x=\"{:.2f}%\" y=\"{}\" text-anchor=\"{}\">{}</text>", x, kBarsBottom + 19, anchor,
                       power_of_ten(static_cast<int>(std::round(log_value))));
  }
  return out;
}

std::string marks_of(const Window& window, const std::vector<HistogramMark>& marks) {
  std::string out;
  int row = 0;
  for (const auto& mark : marks) {
    const double x = window.place(mark.value);
    const int y = 12 + 14 * (row++ % 2);
    const char* anchor = x < 15 ? "start" : x > 85 ? "end" : "middle";
    out += fmt::format("<line class=\"mark\" x1=\"{0:.2f}%\" x2=\"{0:.2f}%\" y1=\"{1}\" y2=\"{2}\"/>", x, y + 4,
                       kBarsBottom);
    out += fmt::format("<text class=\"strong\" x=\"{:.2f}%\" y=\"{}\" text-anchor=\"{}\">{}</text>", x, y, anchor,
                       markup_escaped(mark.label));
  }
  return out;
}

std::string heat_style(const HeatCell& cell, HeatScale scale) {
  if (cell.is_plain) return "class=\"plain\"";
  const double position = std::clamp(cell.position.value_or(0), 0.0, 1.0);
  if (scale == HeatScale::amount)
    return fmt::format("class=\"amount\" fill-opacity=\"{:.2f}\"", 0.12 + 0.88 * position);
  return fmt::format("fill=\"hsl({:.0f} 62% 47%)\"", 12 + position * 165);
}

}  // namespace

std::string log_histogram(const std::vector<double>& edges, const std::vector<int64_t>& counts,
                          const std::vector<HistogramMark>& marks) {
  if (edges.size() < 2 || counts.size() != edges.size() + 1) return "";
  const Window window = window_of(edges, counts);
  return fmt::format(
      "<svg class=\"chart\" width=\"100%\" height=\"{}\" role=\"img\" aria-label=\"distribution\">{}{}{}"
      "<line class=\"axis\" x1=\"0\" x2=\"100%\" y1=\"{}\" y2=\"{}\"/></svg>",
      kHistogramHeight, decades(window, edges), bars(window, edges, counts), marks_of(window, marks), kBarsBottom,
      kBarsBottom);
}

std::string share_bar(const std::vector<Share>& shares) {
  double total = 0;
  for (const auto& share : shares) total += share.amount;
  if (total <= 0) return "";
  std::string out = "<svg class=\"chart shares\" width=\"100%\" height=\"30\" role=\"img\" aria-label=\"shares\">";
  double begin = 0;
  for (const auto& share : shares) {
    const double part = share.amount / total * 100;
    out += fmt::format(
        "<rect class=\"c{}\" x=\"{:.3f}%\" y=\"0\" width=\"{:.3f}%\" height=\"30\"><title>{}: {:.1f} %"
        "</title></rect>",
        share.colour % kShareColours, begin, part, markup_escaped(share.label), part);
    begin += part;
  }
  return out + "</svg>";
}

std::string heat_row(const std::vector<HeatCell>& cells, HeatScale scale) {
  std::string out = fmt::format("<svg class=\"chart\" width=\"100%\" height=\"{}\">", kHeatHeight);
  const double width = 100.0 / static_cast<double>(std::max<size_t>(1, cells.size()));
  const double gap = std::min(0.04 * width, 0.12);
  for (size_t i = 0; i < cells.size(); ++i) {
    if (!cells[i].position && !cells[i].is_plain) continue;
    out +=
        fmt::format("<rect {} x=\"{:.3f}%\" y=\"1\" width=\"{:.3f}%\" height=\"{}\" rx=\"2\"><title>{}</title></rect>",
                    heat_style(cells[i], scale), static_cast<double>(i) * width + gap, width - 2 * gap, kHeatHeight - 2,
                    markup_escaped(cells[i].title));
  }
  return out + "</svg>";
}

}  // namespace adze::report
