#include "ops/read_state/read_state.h"

#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 3, 3);
  const auto& state = require_input(node, 0, graph::ValueKind::state, "state");
  require_input(node, 1, graph::ValueKind::batch, "batch");
  require_input(node, 2, graph::ValueKind::effect, "effect");
  std::vector<graph::Dim> dims{graph::Dim::unknown()};
  dims.insert(dims.end(), state.dims.begin(), state.dims.end());
  return {graph::ValueType::tensor(state.storage, std::move(dims))};
}

// The history is the state's own memory: the plan passes the state through, and nothing is copied.
void pass_through(const KernelCall&, const Team&) {}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, pass_through}};

}  // namespace

const Op read_state{{"read_state", "history of each sequence in a state", infer}, nullptr, kKernels, -1};

}  // namespace adze::ops
