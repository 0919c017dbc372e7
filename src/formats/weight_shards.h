// Weights in several files, as an index of Hugging Face's form says which tensor is in which.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/tensor.h"

namespace adze::formats {

/// The tensors of all shards, in the order of the shards' names. Shards lie beside the index. Error(bad_input) for an
/// index that is none, names a shard by more than a file name, or a tensor that its shard lacks.
std::vector<model::Tensor> read_shards(const std::string& index_path,
                                       const std::function<std::vector<model::Tensor>(const std::string&)>& read_shard);

}  // namespace adze::formats
