#include "ops/swiglu/swiglu.h"

#include <cmath>

#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) { return {require_gate_and_up(node)}; }

void swiglu_reference(const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  const float* gate = call.inputs[0].tensor.floats(0);
  const float* up = call.inputs[1].tensor.floats(0);
  float* product = out.floats(0);
  for (size_t i = begin; i < end; ++i) {
    const double g = gate[i];
    product[i] = static_cast<float>(g / (1.0 + std::exp(-g)) * up[i]);
  }
}

template <const RowKernels& kRows>
void swiglu_fast(const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  kRows.swiglu(call.inputs[0].tensor.floats(0) + begin, call.inputs[1].tensor.floats(0) + begin,
               static_cast<int64_t>(end - begin), out.floats(0) + begin);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return swiglu_fast<kRows>; });
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, swiglu_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op swiglu{{"swiglu", "silu(gate) * up", infer}, nullptr, kKernels, -1, 4, true};

}  // namespace adze::ops
