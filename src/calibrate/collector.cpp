#include "calibrate/collector.h"

#include "calibrate/gram.h"

namespace adze::calibrate {

Collector::Collector(std::span<const ObservedInput> inputs, const CollectedPart& part) : inputs_(inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    input_of_node_.emplace(inputs[i].node, i);
    if (part.sums) sums_.emplace_back(inputs[i].columns, inputs[i].matrices);
  }
  for (const size_t i : part.hessians) {
    hessians_[i].resize(static_cast<size_t>(model::triangle_size(inputs[i].columns)));
  }
}

void Collector::before(const runtime::PlannedNode& node, const Team& team) {
  const auto found = input_of_node_.find(node.node);
  if (found == input_of_node_.end()) return;
  const ops::TensorView& x = node.inputs.front().tensor;
  const bool has_experts = inputs_[found->second].matrices > 1;
  const ops::TensorView* experts = has_experts ? &node.inputs[kChosenExperts].tensor : nullptr;
  if (!sums_.empty()) sums_[found->second].add(x, experts, team);
  const auto hessian = hessians_.find(found->second);
  if (hessian == hessians_.end()) return;
  const GramInput input{x.floats(0), x.rows, x.row_length, x.row_bytes / static_cast<int64_t>(sizeof(float))};
  add_gram(input, hessian->second.data(), team);
}

}  // namespace adze::calibrate
