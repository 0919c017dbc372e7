#include "ops/scale/scale.h"

#include <cmath>

#include "base/error.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 1, 1);
  const double factor = graph::number_attribute(node.node, "factor");
  if (!std::isfinite(factor)) fail(ErrorCode::bad_input, "factor must be finite, but is {}", factor);
  return {require_f32(node, 0, 2, "x")};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<ScaleParameters>(
      ScaleParameters{static_cast<float>(graph::number_attribute(node, "factor"))});
}

void scale_reference(const KernelCall& call, const Team& team) {
  const float factor = static_cast<const ScaleParameters*>(call.parameters)->factor;
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  const float* x = call.inputs[0].tensor.floats(0);
  float* scaled = out.floats(0);
  for (size_t i = begin; i < end; ++i) scaled[i] = x[i] * factor;
}

template <const RowKernels& kRows>
void scale_fast(const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  kRows.scale(call.inputs[0].tensor.floats(0) + begin, static_cast<const ScaleParameters*>(call.parameters)->factor,
              static_cast<int64_t>(end - begin), out.floats(0) + begin);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return scale_fast<kRows>; });
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, scale_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op scale{{"scale", "product with a constant", infer}, resolve, kKernels, -1, 1, true};

}  // namespace adze::ops
