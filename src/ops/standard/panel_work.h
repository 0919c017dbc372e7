// How a convolution by panels is divided into pieces of work.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/standard/convolution_shape.h"
#include "ops/standard/window_panels.h"

namespace adze::ops {

/// Rows of packed filters: whole tiles.
inline int64_t in_whole_tiles(int64_t rows) { return (rows + kRowTile - 1) / kRowTile * kRowTile; }

/// Some rows of a group's filters times one panel of an image's places. Which rows is decided by the number of threads,
/// what becomes of them is not.
class PanelWork {
 public:
  struct Piece {
    int64_t image, group, first, count, first_row, rows;  // places first, first + 1, … of the output
  };

  PanelWork(const Convolution& c, unsigned threads) : c_(c), panels_(c.windows.output_count()) {
    const int64_t pieces = c.batch * c.groups * panels_.panels, wanted = 4 * static_cast<int64_t>(threads);
    const int64_t most = (c.group_outputs() + 4 * kRowTile - 1) / (4 * kRowTile);
    row_parts_ = threads < 2 || pieces >= wanted ? 1 : std::min(most, (wanted + pieces - 1) / pieces);
  }

  int64_t places() const { return panels_.places; }
  int64_t pieces() const { return c_.batch * c_.groups * panels_.panels * row_parts_; }
  Piece piece(int64_t number) const {
    const int64_t part = number % row_parts_, panel = number / row_parts_ % panels_.panels;
    const int64_t group = number / row_parts_ / panels_.panels % c_.groups;
    const int64_t image = number / row_parts_ / panels_.panels / c_.groups;
    const int64_t tiles = in_whole_tiles(c_.group_outputs()) / kRowTile;
    const int64_t first_row = part * tiles / row_parts_ * kRowTile;
    const int64_t end_row = std::min((part + 1) * tiles / row_parts_ * kRowTile, c_.group_outputs());
    return {image, group, panels_.first(panel), panels_.count(panel), first_row, end_row - first_row};
  }

 private:
  const Convolution& c_;
  PlanePanels panels_;
  int64_t row_parts_;
};

}  // namespace adze::ops
