// One function for each op and way, for the table in lowerings.cpp.
#pragma once

#include "formats/onnx_lowering/lowering.h"

namespace adze::formats {

// lower_linear.cpp
void lower_linear(OnnxLowering& l);
void lower_gather_rows(OnnxLowering& l);
void lower_gather_positions(OnnxLowering& l);
/// x [batch, rows, columns] times the transposed of a matrix.
std::string lower_product(OnnxLowering& l, const std::string& x, const model::Tensor& weight);

// lower_norm.cpp
void lower_rms_norm(OnnxLowering& l);
void lower_rms_norm_contrib(OnnxLowering& l);
void lower_layer_norm(OnnxLowering& l);
void lower_add(OnnxLowering& l);
void lower_add_contrib(OnnxLowering& l);

// lower_activations.cpp
void lower_swiglu(OnnxLowering& l);
void lower_clamped_swiglu(OnnxLowering& l);
void lower_gelu(OnnxLowering& l);
void lower_geglu(OnnxLowering& l);
void lower_scale(OnnxLowering& l);
void lower_soft_cap(OnnxLowering& l);
void lower_slice_columns(OnnxLowering& l);

// lower_experts.cpp
void lower_route_experts(OnnxLowering& l);
void lower_expert_linear(OnnxLowering& l);
void lower_combine_experts(OnnxLowering& l);
void lower_number_heads(OnnxLowering& l);
void lower_slice_heads(OnnxLowering& l);
void lower_join_heads(OnnxLowering& l);
void lower_gate_rows(OnnxLowering& l);

// lower_rotary.cpp
void lower_rotary_angles(OnnxLowering& l);
void lower_rotary(OnnxLowering& l);
void lower_rotary_contrib(OnnxLowering& l);

// lower_attention.cpp
void lower_append_state(OnnxLowering& l);
void lower_read_state(OnnxLowering& l);
void lower_attention(OnnxLowering& l);
void lower_attention_contrib(OnnxLowering& l);
void lower_select_rows(OnnxLowering& l);

}  // namespace adze::formats
