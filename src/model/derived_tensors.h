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

/// [rows, columns] without the first `count` rows. REQUIRES: count < rows.
Tensor without_first_rows(const Tensor& tensor, int64_t count);

/// [rows, columns] with `count` rows of zeros in front, in memory: for small tensors. Error(bad_input) for other ranks
/// or sizes beyond reason.
Tensor with_zero_rows_before(const Tensor& tensor, int64_t count);

/// The values of a packed tensor as floats; a plain one as it is.
Tensor as_floats(Tensor tensor);

/// [n, rows, columns] becomes [n, columns, rows]. Error(bad_input) for other ranks and for none.
Tensor matrices_transposed(const Tensor& tensor);

/// [rows, columns] becomes [columns, rows]. Error(unsupported) for blocks of several numbers.
Tensor transposed(Tensor tensor);

}  // namespace adze::model
