#include "ops/scale_columns/scale_columns.h"

#include "ops/decode_row.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 3);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto& factors = require_weight(node, 1, 1, "factors");
  require_equal_dims(x.dims[1], factors.dims[0], "columns of x and factors");
  if (has_input(node, 2)) {
    const auto& bias = require_weight(node, 2, 1, "bias");
    require_equal_dims(x.dims[1], bias.dims[0], "columns of x and bias");
  }
  return {x};
}

void scale_columns_reference(const KernelCall& call, const Team& team) {
  const TensorView& x = call.inputs[0].tensor;
  std::vector<float> factor_scratch;
  std::vector<float> bias_scratch;
  const float* factors = decoded_row(call.inputs[1].tensor, 0, factor_scratch);
  const bool has_bias = call.inputs.size() > 2 && call.inputs[2].given;
  const float* bias = has_bias ? decoded_row(call.inputs[2].tensor, 0, bias_scratch) : nullptr;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    const float* in = x.floats(row);
    float* out = call.outputs[0].tensor.floats(row);
    for (int64_t i = 0; i < x.row_length; ++i) out[i] = in[i] * factors[i] + (bias ? bias[i] : 0.0f);
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, scale_columns_reference}};

}  // namespace

const Op scale_columns{
    {"scale_columns", "product with a factor for each column, plus a bias", infer}, nullptr, kKernels, -1, 1};

}  // namespace adze::ops
