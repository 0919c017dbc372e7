// Experts that Hugging Face keeps as one tensor, two of their weights in turns: apart, as tables of names have them,
// and together again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "architectures/architecture.h"
#include "model/tensor.h"

namespace adze::formats {

/// The table's entry for a tensor of that name, or null.
const architectures::StackedExperts* find_stacked_experts(std::string_view name,
                                                          const architectures::Architecture& architecture);
/// What a tensor called `name` comes apart to: the names of weights in the architecture's table.
std::vector<std::string> names_apart(const std::string& name, const architectures::Architecture& architecture);

/// Error(bad_input) naming a tensor whose shape does not fit.
std::vector<model::Tensor> with_experts_apart(std::vector<model::Tensor> tensors,
                                              const architectures::Architecture& architecture);

/// The inverse. Error(bad_input) where one of two that take turns is missing.
std::vector<model::Tensor> with_experts_together(std::vector<model::Tensor> tensors,
                                                 const architectures::Architecture& architecture);

}  // namespace adze::formats
