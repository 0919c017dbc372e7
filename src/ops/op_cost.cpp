#include "ops/op_cost.h"

#include <algorithm>

#include "ops/append_state/append_state.h"
#include "ops/attention/attention.h"
#include "ops/gather_positions/gather_positions.h"
#include "ops/gather_rows/gather_rows.h"
#include "ops/gather_token_types/gather_token_types.h"
#include "ops/linear/linear.h"
#include "ops/read_state/read_state.h"
#include "ops/select_rows/select_rows.h"
#include "ops/self_attention/self_attention.h"
#include "tensor/shape.h"

namespace adze::ops {
namespace {

double bytes_of(const TensorView& view) {
  if (!view.storage) return 0;
  return static_cast<double>(view.rows) * static_cast<double>(row_bytes(*view.storage, view.row_length));
}

double bytes_of(std::span<const Argument> arguments) {
  double bytes = 0;
  for (const Argument& argument : arguments) bytes += bytes_of(argument.tensor);
  return bytes;
}

// One operation for every number that is made.
Cost cost_of_moving(const KernelCall& call) {
  double numbers = 0;
  for (const Argument& out : call.outputs) {
    numbers += static_cast<double>(out.tensor.rows) * static_cast<double>(out.tensor.row_length);
  }
  return {numbers, bytes_of(call.inputs) + bytes_of(call.outputs)};
}

Activation activation_of(const KernelCall& call) {
  return static_cast<const LinearParameters*>(call.parameters)->activation;
}

Cost cost_of_linear(const KernelCall& call) {
  const TensorView& weight = call.inputs[1].tensor;
  const double products = static_cast<double>(call.inputs[0].tensor.rows) * static_cast<double>(weight.rows) *
                          static_cast<double>(weight.row_length);
  return {products * std::max(1, activation_planes(activation_of(call))),
          bytes_of(call.inputs) + bytes_of(call.outputs)};
}

// Positions that the rows of one sequence see together, and those that any of them sees.
struct Seen {
  double pairs = 0;
  double positions = 0;
};

Seen seen_by(const SequenceView& sequence, int64_t window) {
  Seen seen;
  const int64_t limit = window > 0 ? window : sequence.past + sequence.tokens;
  for (int64_t row = 0; row < sequence.tokens; ++row) {
    seen.pairs += static_cast<double>(std::min(limit, sequence.past + row + 1));
  }
  seen.positions = static_cast<double>(std::min(limit + sequence.tokens - 1, sequence.past + sequence.tokens));
  return seen;
}

Cost cost_of_attention(const KernelCall& call) {
  const auto& parameters = *static_cast<const AttentionParameters*>(call.parameters);
  Cost cost{0, bytes_of(call.inputs[0].tensor) + bytes_of(call.outputs)};
  for (const SequenceView& sequence : call.inputs[3].batch->sequences) {
    const Seen seen = seen_by(sequence, parameters.window);
    cost.multiply_adds +=
        seen.pairs * static_cast<double>(parameters.query_heads * (parameters.head_dim + parameters.value_dim));
    for (const Argument& history : call.inputs.subspan(1, 2)) {
      cost.bytes += seen.positions * static_cast<double>(history.state->heads * history.state->token_bytes);
    }
  }
  return cost;
}

Cost cost_of_self_attention(const KernelCall& call) {
  const auto& parameters = static_cast<const SelfAttentionParameters*>(call.parameters)->attention;
  Cost cost{0, bytes_of(call.inputs) + bytes_of(call.outputs)};
  for (const SequenceView& sequence : call.inputs[3].batch->sequences) {
    const auto tokens = static_cast<double>(sequence.tokens);
    cost.multiply_adds += 2 * tokens * tokens * static_cast<double>(parameters.query_heads * parameters.head_dim);
  }
  return cost;
}

Cost cost_of_append_state(const KernelCall& call) {
  const StateView& state = *call.inputs[0].state;
  const TensorView& rows = call.inputs[1].tensor;
  const auto count = static_cast<double>(rows.rows);
  return {count * static_cast<double>(rows.row_length),
          bytes_of(rows) + count * static_cast<double>(state.heads * state.token_bytes)};
}

// Of a table, only the rows that are asked for.
Cost cost_of_gather_rows(const KernelCall& call) {
  const TensorView& table = call.inputs[0].tensor;
  const TensorView& out = call.outputs[0].tensor;
  return {
      static_cast<double>(out.rows) * static_cast<double>(out.row_length),
      bytes_of(out) + static_cast<double>(out.rows) * static_cast<double>(row_bytes(*table.storage, table.row_length))};
}

Cost cost_of_select_rows(const KernelCall& call) { return {0, 2 * bytes_of(call.outputs)}; }

Cost cost_of_nothing(const KernelCall&) { return {}; }

struct OpCost {
  const Op* op;
  Cost (*cost)(const KernelCall& call);
};
constexpr OpCost kCosts[] = {
    {&append_state, cost_of_append_state},
    {&attention, cost_of_attention},
    {&gather_positions, cost_of_gather_rows},
    {&self_attention, cost_of_self_attention},
    {&gather_token_types, cost_of_gather_rows},
    {&gather_rows, cost_of_gather_rows},
    {&linear, cost_of_linear},
    {&read_state, cost_of_nothing},
    {&select_rows, cost_of_select_rows},
};

}  // namespace

Cost cost_of(const Op& op, const KernelCall& call) {
  const auto* found = std::ranges::find(kCosts, &op, &OpCost::op);
  return found == std::end(kCosts) ? cost_of_moving(call) : found->cost(call);
}

bool multiplies_int8(const Op& op, const KernelCall& call) {
  return &op == &linear && activation_of(call) != Activation::f32;
}

}  // namespace adze::ops
