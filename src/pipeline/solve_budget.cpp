#include "pipeline/solve_budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"

namespace adze::pipeline {
namespace {

constexpr int kMostMeasurements = 6;
constexpr double kCloseEnough = 0.93;  // of a limit of divergence

class BudgetSolver {
 public:
  BudgetSolver(const model::Model& model, const Sensitivity& sensitivity, QualityMeter& meter,
               const ModelPacking& packing, Progress& progress)
      : model_(model), sensitivity_(sensitivity), meter_(meter), packing_(packing), progress_(progress) {
    for (const TensorOptions& options : sensitivity.tensors) {
      items_.push_back(options.predicted);
      const auto by_bytes = [](const auto& a, const auto& b) { return a.bytes < b.bytes; };
      const auto [least, most] = std::minmax_element(items_.back().begin(), items_.back().end(), by_bytes);
      least_bytes_ += least->bytes;
      most_bytes_ += most->bytes;
    }
  }

  BudgetSolution within_bytes(int64_t max_bytes) {
    const int64_t available = max_bytes - sensitivity_.fixed_bytes;
    if (available < least_bytes_) {
      fail(ErrorCode::bad_input, "{} bytes are too few: with the smallest types to choose from the tensors take {}",
           max_bytes, least_bytes_ + sensitivity_.fixed_bytes);
    }
    return measured(quantize::allocate(items_, available));
  }

  BudgetSolution within_divergence(double limit) {
    double correction = 1;  // measured over predicted
    std::optional<BudgetSolution> best;
    for (int round = 0; round < kMostMeasurements; ++round) {
      const BudgetSolution solution = measured(smallest_within(limit * (best ? 0.98 : 1.0) / correction));
      const double divergence = solution.measured.mean_divergence();
      if (divergence <= limit && (!best || solution.bytes < best->bytes)) best = solution;
      if (divergence <= limit && divergence >= kCloseEnough * limit) break;
      if (solution.predicted_divergence <= 0) break;
      const double next = divergence / solution.predicted_divergence;
      if (std::abs(next / correction - 1) < 0.01 && divergence <= limit) break;
      correction = next;
    }
    if (best) {
      best->measurements = measurements_;
      return *best;
    }
    fail_out_of_reach(limit);
  }

 private:
  // The fewest bytes of which this much divergence is predicted.
  quantize::Allocation smallest_within(double divergence) const {
    int64_t low = least_bytes_ - 1;  // too few
    int64_t high = most_bytes_;      // enough, or as many as can be used
    while (high - low > std::max<int64_t>(1, most_bytes_ / 100'000)) {
      const int64_t middle = low + (high - low) / 2;
      (quantize::allocate(items_, middle).cost <= divergence ? high : low) = middle;
    }
    return quantize::allocate(items_, high);
  }

  BudgetSolution measured(const quantize::Allocation& allocation) {
    throw_if_cancelled(progress_);
    BudgetSolution solution;
    for (const model::Tensor& tensor : model_.tensors) solution.types.push_back(tensor.storage);
    for (size_t i = 0; i < sensitivity_.tensors.size(); ++i) {
      const TensorOptions& options = sensitivity_.tensors[i];
      solution.types[options.tensor] = options.types[allocation.options[i]];
    }
    solution.bytes = allocation.bytes + sensitivity_.fixed_bytes;
    solution.predicted_divergence = allocation.cost;
    solution.measured = meter_.measure(solution.types, packing_);
    solution.measurements = ++measurements_;
    progress_.update("checking allocations", static_cast<uint64_t>(measurements_), kMostMeasurements);
    return solution;
  }

  [[noreturn]] void fail_out_of_reach(double limit) {
    const BudgetSolution finest = measured(quantize::allocate(items_, most_bytes_));
    fail(
        ErrorCode::bad_input,
        "a mean divergence of {} is out of reach: {} were tried, and with the finest types to choose from it is {:.6f}",
        limit, measurements_, finest.measured.mean_divergence());
  }

  const model::Model& model_;
  const Sensitivity& sensitivity_;
  QualityMeter& meter_;
  const ModelPacking& packing_;
  Progress& progress_;
  std::vector<std::vector<quantize::StorageOption>> items_;
  int64_t least_bytes_ = 0;
  int64_t most_bytes_ = 0;
  int64_t measurements_ = 0;
};

}  // namespace

BudgetSolution solve_budget(const model::Model& model, const Sensitivity& sensitivity, const Budget& budget,
                            QualityMeter& meter, const ModelPacking& packing, Progress& progress) {
  BudgetSolver solver(model, sensitivity, meter, packing, progress);
  return budget.max_divergence > 0 ? solver.within_divergence(budget.max_divergence)
                                   : solver.within_bytes(budget.max_bytes);
}

}  // namespace adze::pipeline
