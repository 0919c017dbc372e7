#include "ops/selective_scan/selective_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/decode_row.h"
#include "ops/list_row_kernels.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

constexpr size_t kMixed = 0, kSteps = 1, kStepBias = 2, kDecay = 3, kSkip = 4, kState = 5, kBatch = 6, kEffect = 7;
constexpr int64_t kMaxHeadDim = 1024;

SelectiveScanParameters read_parameters(const graph::Node& node) {
  const SelectiveScanParameters p{graph::int_attribute(node, "groups"), graph::int_attribute(node, "states")};
  if (p.groups < 1 || p.states < 1) fail(ErrorCode::bad_input, "groups and states must be positive");
  return p;
}

void require_head_column(const graph::NodeTypes& node, size_t index, const graph::Dim& heads, std::string_view what) {
  const auto& column = require_weight(node, index, 2, what);
  require_equal_dims(column.dims[0], heads, what);
  require_equal_dims(column.dims[1], graph::Dim(1), what);
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 8, 8);
  const auto p = read_parameters(node.node);
  const auto& mixed = require_f32(node, kMixed, 2, "mixed");
  const auto& steps = require_f32(node, kSteps, 2, "steps");
  require_equal_dims(require_weight(node, kStepBias, 1, "step_bias").dims[0], steps.dims[1], "step_bias");
  require_head_column(node, kDecay, steps.dims[1], "decay");
  require_head_column(node, kSkip, steps.dims[1], "skip");
  const auto& state = require_input(node, kState, graph::ValueKind::state, "state");
  require_input(node, kBatch, graph::ValueKind::batch, "batch");
  const auto& effect = require_input(node, kEffect, graph::ValueKind::effect, "effect");
  const int64_t heads = steps.dims[1].constant();
  const int64_t width = mixed.dims[1].constant() - 2 * p.groups * p.states;
  if (width < heads || width % heads != 0 || width / heads > kMaxHeadDim || heads % p.groups != 0) {
    fail(ErrorCode::bad_input, "{} columns of x do not divide into {} heads in {} groups", width, heads, p.groups);
  }
  if (state.dims.size() != 2 || state.storage != &codecs::f32.info) {
    fail(ErrorCode::bad_input, "state must be f32 [heads, states * head_dim]");
  }
  require_equal_dims(state.dims[0], steps.dims[1], "heads of state and steps");
  require_equal_dims(state.dims[1], graph::Dim(width / heads * p.states), "numbers of a head's state");
  return {graph::ValueType::tensor(&codecs::f32.info, {mixed.dims[0], graph::Dim(width)}), effect};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<SelectiveScanParameters>(read_parameters(node));
}

double softplus(double x) { return x > 20 ? x : std::log1p(std::exp(x)); }

// One number of each head; what a column of any storage holds.
float number_of(const Argument& column, int64_t head) {
  std::vector<float> scratch;
  return column.tensor.rows == 1 ? decoded_row(column.tensor, 0, scratch)[head]
                                 : decoded_row(column.tensor, head, scratch)[0];
}

/// One head of one sequence.
class HeadScan {
 public:
  HeadScan(const KernelCall& call, const SequenceView& sequence, int64_t head)
      : call_(call),
        sequence_(sequence),
        head_(head),
        p_(*static_cast<const SelectiveScanParameters*>(call.parameters)),
        heads_(call.inputs[kState].state->heads),
        width_(call.outputs[0].tensor.row_length),
        state_(call.inputs[kState].state->of(sequence) + head * call.inputs[kState].state->head_dim),
        bias_(number_of(call.inputs[kStepBias], head)),
        decay_(number_of(call.inputs[kDecay], head)),
        skip_(number_of(call.inputs[kSkip], head)) {
    if (sequence.past == 0) std::fill(state_, state_ + head_dim() * p_.states, 0.0f);
  }

  // `advance` brings the state one step on and gives its sums.
  template <typename Advance>
  void run(Advance advance) const {
    float scaled[kMaxHeadDim];
    for (int64_t token = 0; token < sequence_.tokens; ++token) {
      const int64_t row = sequence_.first_row + token;
      const float* mixed = call_.inputs[kMixed].tensor.floats(row);
      const float* x = mixed + head_ * head_dim();
      const float* weights = mixed + width_ + head_ / (heads_ / p_.groups) * p_.states;
      const double step = softplus(static_cast<double>(call_.inputs[kSteps].tensor.floats(row)[head_]) + bias_);
      for (int64_t i = 0; i < head_dim(); ++i) scaled[i] = static_cast<float>(step) * x[i];
      float* sums = call_.outputs[0].tensor.floats(row) + head_ * head_dim();
      advance(StateStep{p_.states, static_cast<float>(std::exp(step * decay_)), weights,
                        weights + p_.groups * p_.states, scaled},
              head_dim(), state_, sums);
      for (int64_t i = 0; i < head_dim(); ++i) sums[i] = std::fma(skip_, x[i], sums[i]);
    }
  }

 private:
  int64_t head_dim() const { return width_ / heads_; }

  const KernelCall& call_;
  const SequenceView& sequence_;
  const int64_t head_;
  const SelectiveScanParameters& p_;
  const int64_t heads_;
  const int64_t width_;  // of x
  float* const state_;
  const double bias_;
  const double decay_;
  const float skip_;
};

template <typename Advance>
void scan(const KernelCall& call, const Team& team, Advance advance) {
  const auto [begin, end] = team.share(static_cast<size_t>(call.inputs[kState].state->heads));
  for (const SequenceView& sequence : call.inputs[kBatch].batch->sequences) {
    for (auto head = static_cast<int64_t>(begin); head < static_cast<int64_t>(end); ++head) {
      HeadScan(call, sequence, head).run(advance);
    }
  }
}

void advance_reference(const StateStep& step, int64_t count, float* state, float* sums) {
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int64_t row = 0; row < step.rows; ++row) {
      float& number = state[row * count + i];
      number = static_cast<float>(static_cast<double>(step.decay) * number +
                                  static_cast<double>(step.weights[row]) * step.x[i]);
      sum += static_cast<double>(step.readout[row]) * number;
    }
    sums[i] = static_cast<float>(sum);
  }
}

void selective_scan_reference(const KernelCall& call, const Team& team) { scan(call, team, advance_reference); }

template <const RowKernels& kRows>
void selective_scan_fast(const KernelCall& call, const Team& team) {
  scan(call, team, kRows.advance_state);
}

std::vector<Kernel> list_kernels() {
  auto kernels = list_row_kernels([]<const RowKernels & kRows>() { return selective_scan_fast<kRows>; });
  kernels.push_back({"reference", Isa::scalar, nullptr, nullptr, nullptr, selective_scan_reference});
  return kernels;
}

const std::vector<Kernel> kKernels = list_kernels();

}  // namespace

const Op selective_scan{
    {"selective_scan", "what each head's decaying state says, token by token", infer}, resolve, kKernels};

}  // namespace adze::ops
