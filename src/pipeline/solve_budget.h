// Which storage type every tensor gets, so that a model fits a budget with the least harm.
#pragma once

#include <string>
#include <vector>

#include "pipeline/sensitivity.h"

namespace adze::pipeline {

/// Exactly one of the two is given.
struct Budget {
  int64_t max_bytes = 0;      // of all tensors
  double max_divergence = 0;  // mean KL in nats; then as few bytes as possible
};

struct BudgetSolution {
  std::vector<StorageType> types;  // of the model's tensors, in their order
  int64_t bytes = 0;               // of all tensors
  double predicted_divergence = 0;
  evaluate::DivergenceResult measured = {};
  int64_t measurements = 0;  // of whole allocations, until this one
};

/// The allocation that is predicted best, then measured. Under a limit of divergence, the prediction is corrected by
/// what was measured until the limit holds closely. Throws Error(bad_input) where even the smallest types exceed
/// max_bytes, or the finest ones exceed max_divergence.
BudgetSolution solve_budget(const model::Model& model, const Sensitivity& sensitivity, const Budget& budget,
                            QualityMeter& meter, const ModelPacking& packing, Progress& progress);

}  // namespace adze::pipeline
