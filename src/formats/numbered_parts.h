// Stacks of matrices that graph formats keep apart, because a product takes one of them: experts, heads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/tensor.h"

namespace adze::formats {

/// "blk.0.ffn_up_exps.weight" and 3 -> "blk.0.ffn_up_exps.weight.3"
std::string name_of_part(std::string_view stack, int64_t index);

/// Whether a graph's tensor of that name is a weight of Adze's: ends with ".weight" or ".bias", or is a part of such a
/// stack.
bool is_weight_name(std::string_view name);

/// Parts 0, 1 … of one stack as the stack; others as they are. Error(bad_input) naming a stack whose parts are not all
/// there or differ.
std::vector<model::Tensor> with_parts_stacked(std::vector<model::Tensor> tensors);

}  // namespace adze::formats
