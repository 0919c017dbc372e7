#include "ops/layer_norm/layer_norm.h"

#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "ops/decode_row.h"
#include "ops/grouped_features.h"
#include "ops/list_row_kernels.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 3);
  const auto& x = require_f32(node, 0, 2, "x");
  require_group_weight(node, 1, groups_of(node.node), "weight");
  if (has_input(node, 2)) require_group_weight(node, 2, groups_of(node.node), "bias");
  const double epsilon = graph::number_attribute(node.node, "epsilon");
  if (!(epsilon >= 0)) fail(ErrorCode::bad_input, "epsilon must not be negative, but is {}", epsilon);
  return {x};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<LayerNormParameters>(
      LayerNormParameters{static_cast<float>(graph::number_attribute(node, "epsilon")), groups_of(node)});
}

const TensorView* bias_of(const KernelCall& call) {
  return call.inputs.size() > 2 && call.inputs[2].given ? &call.inputs[2].tensor : nullptr;
}

struct Moments {
  double mean;
  double variance;
};

Moments moments_of(const float* x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += x[i];
  const double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) squares += (x[i] - mean) * (x[i] - mean);
  return {mean, squares / static_cast<double>(count)};
}

void layer_norm_reference(const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const LayerNormParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const TensorView& weight = call.inputs[1].tensor;
  const TensorView* bias = bias_of(call);
  const int64_t width = x.row_length / parameters.groups;
  std::vector<float> scratch, bias_scratch;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows * parameters.groups));
  for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
    const int64_t group = item % parameters.groups;
    const float* factors = decoded_row(weight, weight_row(weight, group), scratch);
    const float* shifts = bias ? decoded_row(*bias, weight_row(*bias, group), bias_scratch) : nullptr;
    const float* in = x.floats(item / parameters.groups) + group * width;
    float* out = call.outputs[0].tensor.floats(item / parameters.groups) + group * width;
    const Moments moments = moments_of(in, width);
    const double factor = 1.0 / std::sqrt(moments.variance + parameters.epsilon);
    for (int64_t i = 0; i < width; ++i) {
      out[i] = static_cast<float>((in[i] - moments.mean) * factor * factors[i] + (shifts ? shifts[i] : 0.0f));
    }
  }
}

template <const RowKernels& kRows>
void layer_norm_fast(const KernelCall& call, const Team& team) {
  const auto& parameters = *static_cast<const LayerNormParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const TensorView& weight = call.inputs[1].tensor;
  const TensorView* bias = bias_of(call);
  const int64_t width = x.row_length / parameters.groups;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows * parameters.groups));
  for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
    const int64_t row = item / parameters.groups;
    const int64_t group = item % parameters.groups;
    const NormWeights weights{weight.floats(weight_row(weight, group)),
                              bias ? bias->floats(weight_row(*bias, group)) : nullptr, parameters.epsilon};
    kRows.layer_norm(x.floats(row) + group * width, weights, width, call.outputs[0].tensor.floats(row) + group * width);
  }
}

std::optional<std::string> refuse_fast(const KernelRequest& request) {
  for (size_t i = 1; i < request.input_storages.size(); ++i) {
    const StorageType storage = request.input_storages[i];
    if (storage && storage != &codecs::f32.info) return fmt::format("weight storage is {}, not f32", storage->name);
  }
  return std::nullopt;
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return layer_norm_fast<kRows>; }, refuse_fast);
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, layer_norm_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op layer_norm{{"layer_norm", "normalization to mean 0 and variance 1", infer}, resolve, kKernels, -1, 2};

}  // namespace adze::ops
