// Tensors put together of rows of others, without copying.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/tensor.h"

namespace adze::model {

struct RowPlace {
  size_t source;  // which tensor
  int64_t row;
};

/// Row r is that at place(r). Sources are not told when rows are done with: another tensor may need their neighbours.
/// REQUIRES: at least one source, all of one storage type and row length, which is that of `shape`.
Tensor chosen_rows(std::string name, Shape shape, const std::vector<Tensor>& sources,
                   std::function<RowPlace(int64_t)> place);

}  // namespace adze::model
