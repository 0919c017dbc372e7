// Slices as TensorFlow describes them: entries for axes, with masks of what entries mean.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/standard_nodes.h"

namespace adze::formats {

struct SliceRecipe {
  graph::ValueId begins, ends;  // lists of integers
  std::vector<int64_t> steps;   // one for each entry
  /// By entry, not 0 where it counts; missing ones are 0. Open: from the first, or to the last, number.
  std::vector<int64_t> open_begin, open_end;
  std::vector<int64_t> added;     // a new axis of 1
  std::vector<int64_t> shrunk;    // one number, whose axis goes
  std::vector<int64_t> ellipsis;  // as many whole axes as are left
};

/// Error(unsupported) for an ellipsis in a tensor of unknown rank.
graph::ValueId put_strided_slice(StandardNodes& nodes, graph::ValueId x, const SliceRecipe& recipe);

}  // namespace adze::formats
