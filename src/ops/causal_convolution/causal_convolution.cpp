#include "ops/causal_convolution/causal_convolution.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/decode_row.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

constexpr int64_t kMaxWidth = 16;
constexpr size_t kInput = 0, kWeight = 1, kBias = 2, kState = 3, kBatch = 4, kEffect = 5;

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 6, 6);
  const auto& x = require_f32(node, kInput, 2, "x");
  const auto& weight = require_weight(node, kWeight, 2, "weight");
  const auto& state = require_input(node, kState, graph::ValueKind::state, "state");
  require_input(node, kBatch, graph::ValueKind::batch, "batch");
  const auto& effect = require_input(node, kEffect, graph::ValueKind::effect, "effect");
  require_equal_dims(weight.dims[0], x.dims[1], "channels of weight and x");
  if (!weight.dims[1].is_constant() || weight.dims[1].constant() < 2 || weight.dims[1].constant() > kMaxWidth) {
    fail(ErrorCode::bad_input, "the kernels must be 2 to {} wide", kMaxWidth);
  }
  if (state.dims.size() != 2 || state.storage != &codecs::f32.info) {
    fail(ErrorCode::bad_input, "state must be f32 [width - 1, channels]");
  }
  require_equal_dims(state.dims[0], graph::Dim(weight.dims[1].constant() - 1), "rows of state and width - 1");
  require_equal_dims(state.dims[1], x.dims[1], "channels of state and x");
  if (has_input(node, kBias)) require_equal_dims(require_weight(node, kBias, 1, "bias").dims[0], x.dims[1], "bias");
  return {x, effect};
}

/// The channels of one thread, of one sequence.
struct Part {
  const KernelCall& call;
  const SequenceView& sequence;
  int64_t begin;
  int64_t end;

  int64_t kept() const { return call.inputs[kState].state->heads; }
  float* kept_row(int64_t index) const {
    const StateView& state = *call.inputs[kState].state;
    return state.of(sequence) + index * state.head_dim;
  }
  /// Token `index` of the sequence, from -kept() on.
  const float* input(int64_t index) const {
    return index < 0 ? kept_row(kept() + index) : call.inputs[kInput].tensor.floats(sequence.first_row + index);
  }
  float* output(int64_t index) const { return call.outputs[0].tensor.floats(sequence.first_row + index); }

  void begin_text() const {
    if (sequence.past > 0) return;
    for (int64_t row = 0; row < kept(); ++row) std::fill(kept_row(row) + begin, kept_row(row) + end, 0.0f);
  }
  void keep_last_inputs() const {
    for (int64_t row = 0; row < kept(); ++row) {
      const float* from = input(sequence.tokens - kept() + row);
      std::memmove(kept_row(row) + begin, from + begin, static_cast<size_t>(end - begin) * sizeof(float));
    }
  }
};

// `run` computes the outputs of a part.
template <typename Run>
void for_each_part(const KernelCall& call, const Team& team, Run run) {
  const auto [begin, end] = team.share(static_cast<size_t>(call.inputs[kInput].tensor.row_length), 64);
  if (begin == end) return;
  for (const SequenceView& sequence : call.inputs[kBatch].batch->sequences) {
    const Part part{call, sequence, static_cast<int64_t>(begin), static_cast<int64_t>(end)};
    part.begin_text();
    run(part);
    part.keep_last_inputs();
  }
}

double silu(double x) { return x / (1.0 + std::exp(-x)); }

void causal_convolution_reference(const KernelCall& call, const Team& team) {
  for_each_part(call, team, [&](const Part& part) {
    std::vector<float> scratch;
    std::vector<float> bias_scratch;
    const float* bias = call.inputs[kBias].given ? decoded_row(call.inputs[kBias].tensor, 0, bias_scratch) : nullptr;
    for (int64_t channel = part.begin; channel < part.end; ++channel) {
      const float* factors = decoded_row(call.inputs[kWeight].tensor, channel, scratch);
      for (int64_t token = 0; token < part.sequence.tokens; ++token) {
        double sum = bias ? bias[channel] : 0.0;
        for (int64_t tap = 0; tap <= part.kept(); ++tap) {
          sum += static_cast<double>(factors[tap]) * part.input(token - part.kept() + tap)[channel];
        }
        part.output(token)[channel] = static_cast<float>(silu(sum));
      }
    }
  });
}

// ---- fast: factors turned, so that those of one tap lie side by side; behind them the bias

size_t turned_bytes(const KernelRequest& request) {
  const auto& weight = request.input_dims[kWeight];
  return static_cast<size_t>((weight[1] + 1) * weight[0]) * sizeof(float);
}

void turn_factors(const Part& part, float* turned) {
  const TensorView& weight = part.call.inputs[kWeight].tensor;
  const Argument& bias = part.call.inputs[kBias];
  for (int64_t channel = part.begin; channel < part.end; ++channel) {
    const float* factors = weight.floats(channel);
    for (int64_t tap = 0; tap < weight.row_length; ++tap) turned[tap * weight.rows + channel] = factors[tap];
    turned[weight.row_length * weight.rows + channel] = bias.given ? bias.tensor.floats(0)[channel] : 0.0f;
  }
}

template <const RowKernels& kRows>
void causal_convolution_fast(const KernelCall& call, const Team& team) {
  auto* turned = reinterpret_cast<float*>(call.scratch);
  const int64_t channels = call.inputs[kInput].tensor.row_length;
  for_each_part(call, team, [&](const Part& part) {
    turn_factors(part, turned);
    const int64_t width = part.kept() + 1;
    const float* inputs[kMaxWidth];
    const float* factors[kMaxWidth];
    for (int64_t tap = 0; tap < width; ++tap) factors[tap] = turned + tap * channels + part.begin;
    const ConvolutionTaps taps{inputs, factors, width, turned + width * channels + part.begin};
    for (int64_t token = 0; token < part.sequence.tokens; ++token) {
      for (int64_t tap = 0; tap < width; ++tap) inputs[tap] = part.input(token - part.kept() + tap) + part.begin;
      kRows.convolve(taps, part.end - part.begin, part.output(token) + part.begin);
    }
  });
}

std::optional<std::string> refuse_packed(const KernelRequest& request) {
  for (const size_t index : {kWeight, kBias}) {
    const StorageType storage = request.input_storages[index];
    if (storage && storage != &codecs::f32.info) return fmt::format("weight storage is {}, not f32", storage->name);
  }
  return std::nullopt;
}

std::vector<Kernel> list_kernels() {
  auto kernels =
      list_row_kernels([]<const RowKernels & kRows>() { return causal_convolution_fast<kRows>; }, refuse_packed);
  for (Kernel& kernel : kernels) kernel.scratch_bytes = turned_bytes;
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, causal_convolution_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op causal_convolution{
    {"causal_convolution", "convolution of each column over the tokens so far, then SiLU", infer}, nullptr, kKernels};

}  // namespace adze::ops
