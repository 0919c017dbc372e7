// The functions of the table in ir_meanings.cpp, by family.
#pragma once

#include <array>

#include "formats/openvino_ir/ir_step.h"

namespace adze::formats {

using IrName = std::string_view;

// ir_elementwise.cpp
void ir_same(IrStep& s, IrName op);     // the same inputs, nothing else
void ir_negated(IrStep& s, IrName op);  // not op
void ir_divide(IrStep& s, IrName op);
void ir_mod(IrStep& s, IrName op);
void ir_floor_mod(IrStep& s, IrName op);
void ir_squared_difference(IrStep& s, IrName op);
void ir_clamp(IrStep& s, IrName op);
void ir_elu(IrStep& s, IrName op);
void ir_selu(IrStep& s, IrName op);
void ir_hard_sigmoid(IrStep& s, IrName op);
void ir_h_sigmoid(IrStep& s, IrName op);
void ir_gelu(IrStep& s, IrName op);
void ir_swish(IrStep& s, IrName op);
void ir_prelu(IrStep& s, IrName op);
void ir_round(IrStep& s, IrName op);
void ir_is_finite(IrStep& s, IrName op);
void ir_is_inf(IrStep& s, IrName op);
void ir_softmax(IrStep& s, IrName op);
void ir_convert(IrStep& s, IrName op);
void ir_convert_promote_types(IrStep& s, IrName op);
void ir_shift_bits(IrStep& s, IrName direction);
void ir_fake_quantize(IrStep& s, IrName op);

// ir_shapes.cpp
void ir_shape_of(IrStep& s, IrName op);
void ir_reshape(IrStep& s, IrName op);
void ir_squeeze(IrStep& s, IrName op);
void ir_transpose(IrStep& s, IrName op);
void ir_concat(IrStep& s, IrName op);
void ir_split(IrStep& s, IrName op);
void ir_variadic_split(IrStep& s, IrName op);
void ir_strided_slice(IrStep& s, IrName op);
void ir_slice(IrStep& s, IrName op);
void ir_pad(IrStep& s, IrName op);
void ir_tile(IrStep& s, IrName op);
void ir_broadcast(IrStep& s, IrName op);
void ir_depth_to_space(IrStep& s, IrName op);
void ir_space_to_depth(IrStep& s, IrName op);
void ir_space_to_batch(IrStep& s, IrName op);
void ir_batch_to_space(IrStep& s, IrName op);
void ir_shuffle_channels(IrStep& s, IrName op);
void ir_reverse(IrStep& s, IrName op);
void ir_reverse_sequence(IrStep& s, IrName op);
void ir_roll(IrStep& s, IrName op);
void ir_range(IrStep& s, IrName op);
void ir_eye(IrStep& s, IrName op);

// ir_choices.cpp
void ir_gather(IrStep& s, IrName op);
void ir_gather_elements(IrStep& s, IrName op);
void ir_gather_nd(IrStep& s, IrName op);
void ir_scatter_update(IrStep& s, IrName op);
void ir_scatter_elements(IrStep& s, IrName op);
void ir_scatter_nd(IrStep& s, IrName op);
void ir_one_hot(IrStep& s, IrName op);
void ir_top_k(IrStep& s, IrName op);
void ir_unique(IrStep& s, IrName op);
void ir_non_zero(IrStep& s, IrName op);
void ir_bucketize(IrStep& s, IrName op);
void ir_non_max_suppression(IrStep& s, IrName op);
void ir_cum_sum(IrStep& s, IrName op);

// ir_sums.cpp
void ir_reduce(IrStep& s, IrName op);
void ir_reduce_flags(IrStep& s, IrName op);
void ir_mat_mul(IrStep& s, IrName op);
void ir_einsum(IrStep& s, IrName op);
void ir_batch_norm(IrStep& s, IrName op);
void ir_mvn(IrStep& s, IrName op);
void ir_normalize_l2(IrStep& s, IrName op);
void ir_lrn(IrStep& s, IrName op);
void ir_grn(IrStep& s, IrName op);
void ir_group_norm(IrStep& s, IrName op);
void ir_attention(IrStep& s, IrName op);

// ir_windows.cpp
void ir_convolution(IrStep& s, IrName op);
void ir_group_convolution(IrStep& s, IrName op);
void ir_back_convolution(IrStep& s, IrName op);
void ir_group_back_convolution(IrStep& s, IrName op);
void ir_max_pool(IrStep& s, IrName op);
void ir_average_pool(IrStep& s, IrName op);
void ir_adaptive_pool(IrStep& s, IrName op);
void ir_interpolate(IrStep& s, IrName op);
void ir_grid_sample(IrStep& s, IrName op);
void ir_roi_align(IrStep& s, IrName op);

// ir_recurrent.cpp
void ir_lstm_sequence(IrStep& s, IrName op);
void ir_gru_sequence(IrStep& s, IrName op);
void ir_rnn_sequence(IrStep& s, IrName op);
void ir_lstm_cell(IrStep& s, IrName op);
void ir_gru_cell(IrStep& s, IrName op);
void ir_rnn_cell(IrStep& s, IrName op);

// ir_bodies.cpp
void ir_if(IrStep& s, IrName op);
void ir_loop(IrStep& s, IrName op);
void ir_tensor_iterator(IrStep& s, IrName op);
void ir_read_value(IrStep& s, IrName op);
void ir_assign(IrStep& s, IrName op);

}  // namespace adze::formats
