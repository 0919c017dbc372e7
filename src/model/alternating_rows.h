// Two tensors whose rows take turns in a third, without copying: apart and together. Row 2 r + i of the third is row r
// of number i; of vectors, where a third has rank 2, single numbers take turns within each row.
#pragma once

#include <string>

#include "model/tensor.h"

namespace adze::model {

/// Every second row [n, rows / 2, columns] of [n, rows, columns], beginning with row `first` (0 or 1); every second
/// number [n, columns / 2] of [n, columns], in memory. Error(bad_input) naming the tensor for odd sizes and other
/// ranks, Error(unsupported) for vectors in blocks of several numbers.
Tensor every_second(const Tensor& tensor, int64_t first, std::string name);

/// The inverse. Error(bad_input) where shapes or storages differ.
Tensor in_turns(const Tensor& even, const Tensor& odd, std::string name);

}  // namespace adze::model
