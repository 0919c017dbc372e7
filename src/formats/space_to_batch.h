// Blocks of places that become items of the batch, and back.
#pragma once

#include <cstdint>
#include <vector>

#include "formats/standard_nodes.h"

namespace adze::formats {

/// One entry for each axis, the batch's with a block of 1 and no border.
struct BatchBlocks {
  std::vector<int64_t> blocks;
  std::vector<int64_t> before, after;  // zeros added at the border, or places cut off there
};

/// `dims`: of x. Error(bad_input) when axes have no whole blocks.
graph::ValueId put_space_to_batch(StandardNodes& nodes, graph::ValueId x, std::vector<int64_t> dims,
                                  const BatchBlocks& blocks);
graph::ValueId put_batch_to_space(StandardNodes& nodes, graph::ValueId x, const std::vector<int64_t>& dims,
                                  const BatchBlocks& blocks);

}  // namespace adze::formats
