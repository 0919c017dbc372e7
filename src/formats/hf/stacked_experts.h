// Experts that Hugging Face keeps as one tensor, two of their weights in turns: apart, as tables of names have them,
// and together again.
#pragma once

#include <vector>

#include "architectures/architecture.h"
#include "model/tensor.h"

namespace adze::formats {

/// Error(bad_input) naming a tensor whose shape does not fit.
std::vector<model::Tensor> with_experts_apart(std::vector<model::Tensor> tensors,
                                              const architectures::Architecture& architecture);

/// The inverse. Error(bad_input) where one of two that take turns is missing.
std::vector<model::Tensor> with_experts_together(std::vector<model::Tensor> tensors,
                                                 const architectures::Architecture& architecture);

}  // namespace adze::formats
