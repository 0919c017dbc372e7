// The table of ops. To add one: a folder with its schema and kernels, and a line here.
#include <array>

#include "ops/adapted_rows/adapted_rows.h"
#include "ops/add/add.h"
#include "ops/append_state/append_state.h"
#include "ops/attention/attention.h"
#include "ops/causal_convolution/causal_convolution.h"
#include "ops/clamped_swiglu/clamped_swiglu.h"
#include "ops/combine_experts/combine_experts.h"
#include "ops/gate_rows/gate_rows.h"
#include "ops/gather_positions/gather_positions.h"
#include "ops/gather_rows/gather_rows.h"
#include "ops/gather_token_types/gather_token_types.h"
#include "ops/gelu/gelu.h"
#include "ops/join_heads/join_heads.h"
#include "ops/layer_norm/layer_norm.h"
#include "ops/linear/expert_linear.h"
#include "ops/linear/linear.h"
#include "ops/number_heads/number_heads.h"
#include "ops/op.h"
#include "ops/read_state/read_state.h"
#include "ops/rms_norm/rms_norm.h"
#include "ops/rotary/rotary.h"
#include "ops/rotary_angles/rotary_angles.h"
#include "ops/route_experts/route_experts.h"
#include "ops/scale/scale.h"
#include "ops/scale_columns/scale_columns.h"
#include "ops/select_rows/select_rows.h"
#include "ops/selective_scan/selective_scan.h"
#include "ops/self_attention/self_attention.h"
#include "ops/slice_columns/slice_columns.h"
#include "ops/slice_heads/slice_heads.h"
#include "ops/soft_cap/soft_cap.h"
#include "ops/swiglu/swiglu.h"

namespace adze::ops {
namespace {

constexpr std::array kOps{
    &adapted_rows,
    &add,
    &append_state,
    &attention,
    &causal_convolution,
    &clamped_swiglu,
    &combine_experts,
    &expert_linear,
    &gate_rows,
    &gather_positions,
    &gather_rows,
    &gather_token_types,
    &geglu,
    &gelu,
    &join_heads,
    &layer_norm,
    &linear,
    &number_heads,
    &read_state,
    &rms_norm,
    &rotary,
    &rotary_angles,
    &route_experts,
    &scale,
    &scale_columns,
    &select_rows,
    &selective_scan,
    &self_attention,
    &slice_columns,
    &slice_heads,
    &soft_cap,
    &swiglu,
};

}  // namespace

std::span<const Op* const> all_ops() { return kOps; }

std::span<const graph::OpSchema* const> all_schemas() {
  static const auto schemas = [] {
    std::array<const graph::OpSchema*, kOps.size()> table{};
    for (size_t i = 0; i < kOps.size(); ++i) table[i] = kOps[i];
    return table;
  }();
  return schemas;
}

}  // namespace adze::ops
