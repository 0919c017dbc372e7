// Charts as SVG inside a page. Places along the page are in percent and heights in pixels, so text keeps its size on
// narrow screens. Colours are variables of the page's style.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace adze::report {

struct HistogramMark {
  std::string label;
  double value;
};

/// Counts between edges that ascend by a constant factor; the first and last count are of what lies beyond. Marks stand
/// at their values.
std::string log_histogram(const std::vector<double>& edges, const std::vector<int64_t>& counts,
                          const std::vector<HistogramMark>& marks);

struct Share {
  std::string label;
  double amount;
  size_t colour;  // index of a colour of the style
};
inline constexpr size_t kShareColours = 10;

/// One bar, cut up.
std::string share_bar(const std::vector<Share>& shares);

/// One row of cells of equal width, coloured by a position in a scale.
struct HeatCell {
  std::optional<double> position;  // 0 to 1; none: nothing there
  std::string title;               // shown on pointing at it
  bool is_plain = false;           // has no value on the scale: neutral
};
enum class HeatScale { good_to_bad, amount };
std::string heat_row(const std::vector<HeatCell>& cells, HeatScale scale);

}  // namespace adze::report
