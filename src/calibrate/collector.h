// Attached to a session: adds up the inputs of weights while the model runs.
#pragma once

#include <map>
#include <span>
#include <unordered_map>
#include <vector>

#include "calibrate/input_sums.h"
#include "calibrate/observed_input.h"
#include "runtime/plan.h"

namespace adze::calibrate {

/// Which part of the statistics one run over the text gathers.
struct CollectedPart {
  bool sums = false;             // of all inputs
  std::vector<size_t> hessians;  // of these inputs
};

class Collector final : public runtime::NodeObserver {
 public:
  /// REQUIRES: `inputs` outlive the collector.
  Collector(std::span<const ObservedInput> inputs, const CollectedPart& part);

  void before(const runtime::PlannedNode& node, const Team& team) override;

  std::span<const ObservedInput> inputs() const { return inputs_; }
  // The whole state, for snapshots: one per input, or one per input with a Hessian.
  std::vector<InputSums>& sums() { return sums_; }
  std::map<size_t, std::vector<float>>& hessians() { return hessians_; }

 private:
  std::span<const ObservedInput> inputs_;
  std::unordered_map<const graph::Node*, size_t> input_of_node_;
  std::vector<InputSums> sums_;
  std::map<size_t, std::vector<float>> hessians_;  // lower triangles
};

}  // namespace adze::calibrate
