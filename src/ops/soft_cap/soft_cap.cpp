#include "ops/soft_cap/soft_cap.h"

#include <cmath>

#include "base/error.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 1, 1);
  const double cap = graph::number_attribute(node.node, "cap");
  if (!(cap > 0) || !std::isfinite(cap)) fail(ErrorCode::bad_input, "cap must be positive, but is {}", cap);
  return {require_f32(node, 0, 2, "x")};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<SoftCapParameters>(
      SoftCapParameters{static_cast<float>(graph::number_attribute(node, "cap"))});
}

void soft_cap_reference(const KernelCall& call, const Team& team) {
  const double cap = static_cast<const SoftCapParameters*>(call.parameters)->cap;
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  const float* x = call.inputs[0].tensor.floats(0);
  float* capped = out.floats(0);
  for (size_t i = begin; i < end; ++i) capped[i] = static_cast<float>(cap * std::tanh(x[i] / cap));
}

template <const RowKernels& kRows>
void soft_cap_fast(const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  kRows.soft_cap(call.inputs[0].tensor.floats(0) + begin, static_cast<const SoftCapParameters*>(call.parameters)->cap,
                 static_cast<int64_t>(end - begin), out.floats(0) + begin);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return soft_cap_fast<kRows>; });
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, soft_cap_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op soft_cap{{"soft_cap", "squeeze values below a bound", infer}, resolve, kKernels, -1, 4, true};

}  // namespace adze::ops
