#include "ops/rotary/rotary.h"

#include <algorithm>

#include "base/error.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

RotaryParameters read_parameters(const graph::Node& node) {
  RotaryParameters p{};
  p.heads = graph::int_attribute(node, "heads");
  p.head_dim = graph::int_attribute(node, "head_dim");
  p.rotary_dims = graph::int_attribute_or(node, "rotary_dims", p.head_dim);
  const auto layout = graph::string_attribute_or(node, "layout", "interleaved");
  if (layout != "interleaved" && layout != "halves") {
    fail(ErrorCode::bad_input, "layout must be interleaved or halves, but is '{}'", layout);
  }
  p.interleaved = layout == "interleaved";
  if (p.heads <= 0 || p.head_dim <= 0 || p.rotary_dims <= 0 || p.rotary_dims > p.head_dim || p.rotary_dims % 2 != 0) {
    fail(ErrorCode::bad_input, "heads {}, head_dim {} and rotary_dims {} do not fit", p.heads, p.head_dim,
         p.rotary_dims);
  }
  return p;
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto& angles = require_f32(node, 1, 2, "angles");
  const auto p = read_parameters(node.node);
  require_equal_dims(x.dims[1], graph::Dim(p.heads * p.head_dim), "features of x and heads * head_dim");
  require_equal_dims(angles.dims[1], graph::Dim(p.rotary_dims), "angles and rotary_dims");
  return {x};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<RotaryParameters>(read_parameters(node));
}

void rotate_head(const RotaryParameters& p, const float* angles, const float* in, float* out) {
  const int64_t half = p.rotary_dims / 2;
  for (int64_t i = 0; i < half; ++i) {
    const int64_t first = p.interleaved ? 2 * i : i;
    const int64_t second = p.interleaved ? 2 * i + 1 : i + half;
    const float cosine = angles[2 * i];
    const float sine = angles[2 * i + 1];
    const float a = in[first];
    const float b = in[second];
    out[first] = a * cosine - b * sine;
    out[second] = a * sine + b * cosine;
  }
  for (int64_t i = p.rotary_dims; i < p.head_dim; ++i) out[i] = in[i];
}

void rotary_reference(const KernelCall& call, const Team& team) {
  const auto& p = *static_cast<const RotaryParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows * p.heads));
  for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
    const int64_t row = item / p.heads;
    const int64_t offset = item % p.heads * p.head_dim;
    rotate_head(p, call.inputs[1].tensor.floats(row), x.floats(row) + offset,
                call.outputs[0].tensor.floats(row) + offset);
  }
}

template <const RowKernels& kRows>
void rotary_fast(const KernelCall& call, const Team& team) {
  const auto& p = *static_cast<const RotaryParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const int64_t pairs = p.rotary_dims / 2;
  const PairLayout layout{pairs, p.interleaved ? 2 : 1, p.interleaved ? 1 : pairs};
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows * p.heads));
  for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
    const int64_t row = item / p.heads;
    const float* in = x.floats(row) + item % p.heads * p.head_dim;
    float* out = call.outputs[0].tensor.floats(row) + item % p.heads * p.head_dim;
    kRows.rotate(layout, call.inputs[1].tensor.floats(row), in, out);
    if (out != in) std::copy(in + p.rotary_dims, in + p.head_dim, out + p.rotary_dims);
  }
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return rotary_fast<kRows>; });
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, rotary_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op rotary{{"rotary", "rotary position embedding", infer}, resolve, kKernels, -1, 1};

}  // namespace adze::ops
