#include "ops/add/add.h"

#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& a = require_f32(node, 0, 2, "a");
  const auto& b = require_f32(node, 1, 2, "b");
  for (size_t axis = 0; axis < 2; ++axis) require_equal_dims(a.dims[axis], b.dims[axis], "shapes of a and b");
  return {a};
}

void add_rows(const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  const float* a = call.inputs[0].tensor.floats(0);
  const float* b = call.inputs[1].tensor.floats(0);
  float* sum = out.floats(0);
  for (size_t i = begin; i < end; ++i) sum[i] = a[i] + b[i];
}

template <const RowKernels& kRows>
void add_fast(const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  kRows.add(call.inputs[0].tensor.floats(0) + begin, call.inputs[1].tensor.floats(0) + begin,
            static_cast<int64_t>(end - begin), out.floats(0) + begin);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return add_fast<kRows>; });
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, add_rows});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op add{{"add", "element-wise sum", infer}, nullptr, kKernels, -1, 1, true};

}  // namespace adze::ops
