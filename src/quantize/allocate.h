// Which of its choices each of many items gets, so that the costs are least and the sizes fit a budget: the
// multiple-choice knapsack problem, solved exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace adze::quantize {

/// One way to store an item. Costs are finite and not negative.
struct StorageOption {
  int64_t bytes;
  double cost;
};

struct Allocation {
  std::vector<size_t> options;  // per item
  int64_t bytes = 0;
  double cost = 0;
  /// No allocation within the budget costs less than this; below `cost` only by rounding, or where `is_exact` is false.
  double lower_bound = 0;
  bool is_exact = true;
};

/// The cheapest allocation of at most `budget` bytes; of equally cheap ones the smallest. Lagrangian relaxation gives a
/// bound, with which dynamic programming over the items leaves out what cannot become the best. Where more than
/// `max_states` partial allocations stay, the best of them go on and the result may miss the optimum by at most
/// cost - lower_bound. Error(bad_input) where an item has no option or the smallest options exceed the budget.
Allocation allocate(std::span<const std::vector<StorageOption>> items, int64_t budget, size_t max_states = 200'000);

}  // namespace adze::quantize
