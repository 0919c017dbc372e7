#include "ops/gate_rows/gate_rows.h"

#include <cmath>

#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto& gate = require_f32(node, 1, 2, "gate");
  require_equal_dims(x.dims[0], gate.dims[0], "rows of x and gate");
  require_equal_dims(gate.dims[1], graph::Dim(1), "columns of gate and 1");
  return {x};
}

void gate_rows_reference(const KernelCall& call, const Team& team) {
  const TensorView& x = call.inputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    const double gate = call.inputs[1].tensor.floats(row)[0];
    const auto factor = static_cast<float>(1 / (1 + std::exp(-gate)));
    for (int64_t i = 0; i < x.row_length; ++i) call.outputs[0].tensor.floats(row)[i] = x.floats(row)[i] * factor;
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, gate_rows_reference}};

}  // namespace

const Op gate_rows{{"gate_rows", "product of each row with the sigmoid of its gate", infer}, nullptr, kKernels, -1, 2};

}  // namespace adze::ops
