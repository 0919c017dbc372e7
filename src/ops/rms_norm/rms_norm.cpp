#include "ops/rms_norm/rms_norm.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "ops/decode_row.h"
#include "ops/grouped_features.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& x = require_f32(node, 0, 2, "x");
  require_group_weight(node, 1, groups_of(node.node), "weight");
  const double epsilon = graph::number_attribute(node.node, "epsilon");
  if (!(epsilon >= 0)) fail(ErrorCode::bad_input, "epsilon must not be negative, but is {}", epsilon);
  return {x};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<RmsNormParameters>(
      RmsNormParameters{static_cast<float>(graph::number_attribute(node, "epsilon")), groups_of(node)});
}

void rms_norm_reference(const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const RmsNormParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const TensorView& weight = call.inputs[1].tensor;
  const int64_t width = x.row_length / parameters.groups;
  std::vector<float> scratch;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows * parameters.groups));
  for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
    const int64_t group = item % parameters.groups;
    const float* factors = decoded_row(weight, weight_row(weight, group), scratch);
    const float* in = x.floats(item / parameters.groups) + group * width;
    float* out = call.outputs[0].tensor.floats(item / parameters.groups) + group * width;
    double sum = 0;
    for (int64_t i = 0; i < width; ++i) sum += static_cast<double>(in[i]) * in[i];
    const double factor = 1.0 / std::sqrt(sum / static_cast<double>(width) + parameters.epsilon);
    for (int64_t i = 0; i < width; ++i) out[i] = static_cast<float>(in[i] * factor * factors[i]);
  }
}

template <const RowKernels& kRows>
void rms_norm_fast(const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const RmsNormParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const TensorView& weight = call.inputs[1].tensor;
  const int64_t width = x.row_length / parameters.groups;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows * parameters.groups));
  for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
    const int64_t row = item / parameters.groups;
    const int64_t group = item % parameters.groups;
    kRows.rms_norm(x.floats(row) + group * width, weight.floats(weight_row(weight, group)), width, parameters.epsilon,
                   call.outputs[0].tensor.floats(row) + group * width);
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
