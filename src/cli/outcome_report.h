// What converting or quantizing did to each tensor, for people and for scripts.
#pragma once

#include <vector>

#include "cli/console.h"
#include "pipeline/tensor_outcome.h"
#include "report/table.h"

namespace adze::cli {

/// One row per pair of storage types (from, to), in order of first appearance.
report::Table outcome_summary(const std::vector<pipeline::TensorOutcome>& tensors);

/// One row per tensor.
report::Table outcome_table(const std::vector<pipeline::TensorOutcome>& tensors);

/// Says so when the source holds NaN or infinities.
void warn_of_non_finite_values(Console& console, const std::vector<pipeline::TensorOutcome>& tensors);

}  // namespace adze::cli
