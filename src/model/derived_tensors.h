// Tensors made of others without copying them: stacked, parts of them, transposed. Bytes are put together when somebody
// asks for rows.
#pragma once

#include <string>
#include <vector>

#include "model/tensor.h"

namespace adze::model {

/// [n, …] of n tensors [ … ]. Error(bad_input) naming the first that differs from the others in shape or storage.
/// REQUIRES: at least one.
Tensor stacked(std::string name, std::vector<Tensor> parts);

/// Part number `index` of [n, …] as a tensor [ … ]. REQUIRES: rank 2 or more, index < n.
Tensor part_of(const Tensor& tensor, int64_t index, std::string name);

/// [rows, columns] becomes [columns, rows]. Error(unsupported) for blocks of several numbers.
Tensor transposed(Tensor tensor);

}  // namespace adze::model
