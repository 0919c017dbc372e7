#include "ops/gelu/gelu.h"

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

GeluParameters read_parameters(const graph::Node& node) {
  const auto name = graph::string_attribute_or(node, "approximation", "none");
  if (name != "none" && name != "tanh") {
    fail(ErrorCode::bad_input, "approximation must be none or tanh, but is '{}'", name);
  }
  return {name == "tanh"};
}

std::vector<graph::ValueType> infer_gelu(const graph::NodeTypes& node) {
  require_input_count(node, 1, 1);
  read_parameters(node.node);
  return {require_f32(node, 0, 2, "x")};
}

std::vector<graph::ValueType> infer_geglu(const graph::NodeTypes& node) {
  read_parameters(node.node);
  return {require_gate_and_up(node)};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<GeluParameters>(read_parameters(node));
}

double gelu_of(double x, bool tanh) {
  if (!tanh) return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
  const double inner = std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1 + std::tanh(inner));
}

const float* up_of(const KernelCall& call) {
  return call.inputs.size() > 1 ? call.inputs[1].tensor.floats(0) : nullptr;
}

void gelu_reference(const KernelCall& call, const Team& team) {
  const bool tanh = static_cast<const GeluParameters*>(call.parameters)->tanh;
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  const float* gate = call.inputs[0].tensor.floats(0);
  const float* up = up_of(call);
  float* product = out.floats(0);
  for (size_t i = begin; i < end; ++i) product[i] = static_cast<float>(gelu_of(gate[i], tanh) * (up ? up[i] : 1.0f));
}

template <const RowKernels& kRows>
void gelu_fast(const KernelCall& call, const Team& team) {
  const bool tanh = static_cast<const GeluParameters*>(call.parameters)->tanh;
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * out.row_length), 64);
  const float* up = up_of(call);
  (tanh ? kRows.gelu_tanh : kRows.gelu)(call.inputs[0].tensor.floats(0) + begin, up ? up + begin : nullptr,
                                        static_cast<int64_t>(end - begin), out.floats(0) + begin);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return gelu_fast<kRows>; });
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, gelu_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op gelu{{"gelu", "Gaussian error linear unit", infer_gelu}, resolve, kKernels, -1, 6, true};
const Op geglu{{"geglu", "gelu(gate) * up", infer_geglu}, resolve, kKernels, -1, 6, true};

}  // namespace adze::ops
