#include "ops/rms_norm/rms_norm.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "ops/decode_row.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto& weight = require_weight(node, 1, 1, "weight");
  require_equal_dims(x.dims[1], weight.dims[0], "features of x and weight");
  const double epsilon = graph::number_attribute(node.node, "epsilon");
  if (!(epsilon >= 0)) fail(ErrorCode::bad_input, "epsilon must not be negative, but is {}", epsilon);
  return {x};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<RmsNormParameters>(
      RmsNormParameters{static_cast<float>(graph::number_attribute(node, "epsilon"))});
}

void rms_norm_reference(const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const RmsNormParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  std::vector<float> scratch;
  const float* weight = decoded_row(call.inputs[1].tensor, 0, scratch);
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    const float* in = x.floats(row);
    float* out = call.outputs[0].tensor.floats(row);
    double sum = 0;
    for (int64_t i = 0; i < x.row_length; ++i) sum += static_cast<double>(in[i]) * in[i];
    const double factor = 1.0 / std::sqrt(sum / static_cast<double>(x.row_length) + parameters.epsilon);
    for (int64_t i = 0; i < x.row_length; ++i) out[i] = static_cast<float>(in[i] * factor * weight[i]);
  }
}

template <const RowKernels& kRows>
void rms_norm_fast(const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const RmsNormParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const float* weight = call.inputs[1].tensor.floats(0);
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    kRows.rms_norm(x.floats(row), weight, x.row_length, parameters.epsilon, call.outputs[0].tensor.floats(row));
  }
}

std::optional<std::string> refuse_fast(const KernelRequest& request) {
  const StorageType storage = request.input_storages[1];
  if (storage != &codecs::f32.info) return fmt::format("weight storage is {}, not f32", storage->name);
  return std::nullopt;
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return rms_norm_fast<kRows>; }, refuse_fast);
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, rms_norm_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op rms_norm{{"rms_norm", "root-mean-square normalization", infer}, resolve, kKernels, -1, 1};

}  // namespace adze::ops
