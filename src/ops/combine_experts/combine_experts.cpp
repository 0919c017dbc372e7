#include "ops/combine_experts/combine_experts.h"

#include <algorithm>

#include "base/error.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto& weights = require_f32(node, 1, 2, "weights");
  if (!weights.dims[1].is_constant()) fail(ErrorCode::bad_input, "the number of experts must be constant");
  require_equal_dims(x.dims[0], weights.dims[0] * weights.dims[1].constant(), "rows of x and weights");
  return {graph::ValueType::tensor(x.storage, {weights.dims[0], x.dims[1]})};
}

// In the order of the choice, so that a row's sum does not depend on others.
void combine_experts_reference(const KernelCall& call, const Team& team) {
  const TensorView& x = call.inputs[0].tensor;
  const TensorView& weights = call.inputs[1].tensor;
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    float* to = out.floats(row);
    std::fill_n(to, out.row_length, 0.0f);
    for (int64_t k = 0; k < weights.row_length; ++k) {
      const float weight = weights.floats(row)[k];
      const float* from = x.floats(row * weights.row_length + k);
      for (int64_t i = 0; i < out.row_length; ++i) to[i] += weight * from[i];
    }
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, combine_experts_reference}};

}  // namespace

const Op combine_experts{{"combine_experts", "weighted sum of what experts made", infer}, nullptr, kKernels, -1};

}  // namespace adze::ops
