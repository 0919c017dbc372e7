// Rows of a group codec as the arrays that MLX keeps: codes, scales and biases. Both directions are lazy.
#pragma once

#include <optional>
#include <vector>

#include "model/tensor.h"

namespace adze::formats {

struct GroupArrays {
  model::Tensor codes;   // u32 [..., columns * bits / 32]
  model::Tensor scales;  // [..., columns / group]
  std::optional<model::Tensor> biases;
};

/// One tensor with the blocks of `storage`, a member of the family of group codecs. Error(bad_input) naming the weight
/// where shapes or types do not fit each other.
model::Tensor joined_arrays(const GroupArrays& arrays, StorageType storage);

/// The arrays of a tensor named "X.weight": X.weight, X.scales and perhaps X.biases. Reading the codes keeps scales and
/// biases of the tensor until they are read, so that its rows are computed once if the codes come first.
/// REQUIRES: whole 32-bit words of codes in a row.
std::vector<model::Tensor> split_arrays(const model::Tensor& tensor);

}  // namespace adze::formats
