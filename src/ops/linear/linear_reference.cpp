#include "ops/linear/linear_reference.h"

#include <algorithm>
#include <vector>

#include "ops/decode_row.h"
#include "ops/linear/linear.h"
#include "ops/linear/quantize_activation.h"

namespace adze::ops {
namespace {

// One row of activations in 8-bit planes, added up again.
class QuantizedRow {
 public:
  QuantizedRow(int64_t length, int64_t block)
      : block_(block),
        codes_(static_cast<size_t>(length)),
        scales_(static_cast<size_t>((length + block - 1) / block)),
        rest_(static_cast<size_t>(length)) {}

  void add_planes(const float* x, int planes, double* prepared) {
    const auto length = static_cast<int64_t>(rest_.size());
    std::copy_n(x, length, rest_.begin());
    std::fill_n(prepared, length, 0.0);
    for (int plane = 0; plane < planes; ++plane) {
      quantize_activation(rest_.data(), length, block_, codes_.data(), scales_.data());
      for (int64_t i = 0; i < length; ++i) {
        prepared[i] += static_cast<double>(codes_[static_cast<size_t>(i)]) * scales_[static_cast<size_t>(i / block_)];
      }
      activation_residual(rest_.data(), length, block_, codes_.data(), scales_.data(), rest_.data());
    }
  }

 private:
  int64_t block_;
  std::vector<int8_t> codes_;
  std::vector<float> scales_;
  std::vector<float> rest_;
};

// The activations as they enter the products.
void prepare_row(const float* x, int64_t length, Activation activation, double* prepared) {
  if (activation == Activation::f32) {
    std::copy_n(x, length, prepared);
  } else {
    QuantizedRow(length, activation_block(activation)).add_planes(x, activation_planes(activation), prepared);
  }
}

double dot(const double* x, const float* weight, int64_t length) {
  double sum = 0;
  for (int64_t i = 0; i < length; ++i) sum += x[i] * weight[i];
  return sum;
}

}  // namespace

size_t linear_reference_scratch_bytes(const KernelRequest& request) {
  const auto& x = request.input_dims[0];
  return static_cast<size_t>(x[0] * x[1]) * sizeof(double);
}

void linear_reference(const KernelCall& call, const Team& team) {
  const TensorView& x = call.inputs[0].tensor;
  const TensorView& weight = call.inputs[1].tensor;
  const TensorView& out = call.outputs[0].tensor;
  const Activation activation = static_cast<const LinearParameters*>(call.parameters)->activation;
  auto* prepared = reinterpret_cast<double*>(call.scratch);
  const auto mine = team.share(static_cast<size_t>(x.rows));
  for (auto row = static_cast<int64_t>(mine.begin); row < static_cast<int64_t>(mine.end); ++row) {
    prepare_row(x.floats(row), x.row_length, activation, prepared + row * x.row_length);
  }
  team.wait();
  const float* bias = call.inputs.size() > 2 && call.inputs[2].given ? call.inputs[2].tensor.floats(0) : nullptr;
  std::vector<float> scratch;
  const auto outputs = team.share(static_cast<size_t>(weight.rows));
  for (auto feature = static_cast<int64_t>(outputs.begin); feature < static_cast<int64_t>(outputs.end); ++feature) {
    const float* values = decoded_row(weight, feature, scratch);
    for (int64_t row = 0; row < x.rows; ++row) {
      const double sum = dot(prepared + row * x.row_length, values, x.row_length);
      out.floats(row)[feature] = static_cast<float>(sum + (bias ? bias[feature] : 0.0f));
    }
  }
}

}  // namespace adze::ops
