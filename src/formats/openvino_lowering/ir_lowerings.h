// One function for each op, for the table in ir_lowerings.cpp.
#pragma once

#include "formats/openvino_lowering/ir_lowering.h"

namespace adze::formats {

/// A tensor of floats as float32, whatever it is stored as.
IrValue ir_float_weight(IrLowering& l, const model::Tensor& tensor);

/// x [batch, rows, columns] times the transposed of a matrix.
IrValue ir_product(IrLowering& l, IrValue x, const model::Tensor& weight);

// lower_weights.cpp
void ir_linear(IrLowering& l);
void ir_gather_rows(IrLowering& l);
void ir_gather_positions(IrLowering& l);

// lower_rows.cpp
void ir_rms_norm(IrLowering& l);
void ir_layer_norm(IrLowering& l);
void ir_add(IrLowering& l);
void ir_swiglu(IrLowering& l);
void ir_clamped_swiglu(IrLowering& l);
void ir_gelu(IrLowering& l);
void ir_geglu(IrLowering& l);
void ir_scale(IrLowering& l);
void ir_soft_cap(IrLowering& l);
void ir_slice_columns(IrLowering& l);

// lower_experts.cpp
void ir_route_experts(IrLowering& l);
void ir_expert_linear(IrLowering& l);
void ir_combine_experts(IrLowering& l);
void ir_number_heads(IrLowering& l);
void ir_slice_heads(IrLowering& l);
void ir_join_heads(IrLowering& l);
void ir_gate_rows(IrLowering& l);

// lower_positions.cpp
void ir_rotary_angles(IrLowering& l);
void ir_rotary(IrLowering& l);

// lower_histories.cpp
void ir_append_state(IrLowering& l);
void ir_read_state(IrLowering& l);
void ir_select_rows(IrLowering& l);
void ir_attention(IrLowering& l);

}  // namespace adze::formats
