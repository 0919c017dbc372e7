#include "ops/clamped_swiglu/clamped_swiglu.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

ClampedGate read_parameters(const graph::Node& node) {
  const ClampedGate how{static_cast<float>(graph::number_attribute(node, "limit")),
                        static_cast<float>(graph::number_attribute(node, "slope"))};
  if (!(how.limit > 0) || !std::isfinite(how.slope)) {
    fail(ErrorCode::bad_input, "limit must be positive and slope finite, but they are {} and {}", how.limit, how.slope);
  }
  return how;
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  read_parameters(node.node);
  return {require_gate_and_up(node)};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<ClampedGate>(read_parameters(node));
}

const ClampedGate& parameters_of(const KernelCall& call) { return *static_cast<const ClampedGate*>(call.parameters); }

// NaN stays NaN.
void clamped_swiglu_reference(const KernelCall& call, const Team& team) {
  const double limit = parameters_of(call).limit;
  const double slope = parameters_of(call).slope;
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  const float* gate = call.inputs[0].tensor.floats(0);
  const float* up = call.inputs[1].tensor.floats(0);
  float* product = out.floats(0);
  for (size_t i = begin; i < end; ++i) {
    const double g = gate[i] > limit ? limit : static_cast<double>(gate[i]);
    const double u = std::clamp(static_cast<double>(up[i]), -limit, limit);
    product[i] = static_cast<float>(g / (1.0 + std::exp(-slope * g)) * (u + 1));
  }
}

template <const RowKernels& kRows>
void clamped_swiglu_fast(const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  kRows.clamped_swiglu(call.inputs[0].tensor.floats(0) + begin, call.inputs[1].tensor.floats(0) + begin,
                       parameters_of(call), static_cast<int64_t>(end - begin), out.floats(0) + begin);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return clamped_swiglu_fast<kRows>; });
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, clamped_swiglu_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op clamped_swiglu{
    {"clamped_swiglu", "swish(min(gate, limit)) * (clamped up + 1)", infer}, resolve, kKernels, -1, 4, true};

}  // namespace adze::ops
