// The functions of the table in standard_to_ir.cpp, by family.
#pragma once

#include <functional>

#include "formats/openvino/graph_to_ir.h"

namespace adze::formats {

using Row = const IrWriting&;

// numbers_to_ir.cpp
/// Another input in the type of input 0, where OpenVINO takes both in one type only.
IrValue in_type_of_x(GraphToIr& g, size_t input);
void ir_put_unary(GraphToIr& g, Row row);
void ir_put_binary(GraphToIr& g, Row row);
void ir_put_many(GraphToIr& g, Row row);
void ir_put_mean(GraphToIr& g, Row row);
void ir_put_pow(GraphToIr& g, Row row);
void ir_put_bit_shift(GraphToIr& g, Row row);
void ir_put_where(GraphToIr& g, Row row);
void ir_put_pass(GraphToIr& g, Row row);
void ir_put_dropout(GraphToIr& g, Row row);
void ir_put_cast(GraphToIr& g, Row row);
void ir_put_cast_like(GraphToIr& g, Row row);
void ir_put_clip(GraphToIr& g, Row row);
void ir_put_reciprocal(GraphToIr& g, Row row);
void ir_put_mod(GraphToIr& g, Row row);
void ir_put_div(GraphToIr& g, Row row);
void ir_put_softmax(GraphToIr& g, Row row);
/// Gives what `make` makes of x along the node's axis. Where everything from the axis on is one line (ONNX before
/// opset 13), x is a matrix of such lines, and what is made gets x's shape back.
void give_along_axis(GraphToIr& g, const std::function<IrValue(IrValue x, int64_t axis)>& make);

// activations_to_ir.cpp
void ir_put_elu(GraphToIr& g, Row row);
void ir_put_celu(GraphToIr& g, Row row);
void ir_put_selu(GraphToIr& g, Row row);
void ir_put_leaky_relu(GraphToIr& g, Row row);
void ir_put_thresholded_relu(GraphToIr& g, Row row);
void ir_put_shrink(GraphToIr& g, Row row);
void ir_put_hard_sigmoid(GraphToIr& g, Row row);
void ir_put_gelu(GraphToIr& g, Row row);
void ir_put_quick_gelu(GraphToIr& g, Row row);
void ir_put_swish(GraphToIr& g, Row row);
void ir_put_is_inf(GraphToIr& g, Row row);

// quantized_to_ir.cpp
void ir_put_quantize(GraphToIr& g, Row row);
void ir_put_dequantize(GraphToIr& g, Row row);
void ir_put_dynamic_quantize(GraphToIr& g, Row row);
void ir_put_mat_mul_integer(GraphToIr& g, Row row);
void ir_put_q_linear_add(GraphToIr& g, Row row);
void ir_put_q_linear_mat_mul(GraphToIr& g, Row row);
void ir_put_conv_integer(GraphToIr& g, Row row);
void ir_put_q_linear_conv(GraphToIr& g, Row row);

// sums_to_ir.cpp
void ir_put_mat_mul(GraphToIr& g, Row row);
void ir_put_gemm(GraphToIr& g, Row row);
void ir_put_reduce(GraphToIr& g, Row row);
void ir_put_extreme(GraphToIr& g, Row row);
void ir_put_reduce_sum_square(GraphToIr& g, Row row);
void ir_put_reduce_log_sum(GraphToIr& g, Row row);
void ir_put_reduce_log_sum_exp(GraphToIr& g, Row row);
void ir_put_cum_sum(GraphToIr& g, Row row);
void ir_put_batch_norm(GraphToIr& g, Row row);
void ir_put_layer_norm(GraphToIr& g, Row row);
void ir_put_rms_norm(GraphToIr& g, Row row);
void ir_put_mean_variance_norm(GraphToIr& g, Row row);
void ir_put_group_norm(GraphToIr& g, Row row);
void ir_put_lp_norm(GraphToIr& g, Row row);
void ir_put_instance_norm(GraphToIr& g, Row row);
void ir_put_lrn(GraphToIr& g, Row row);
void ir_put_einsum(GraphToIr& g, Row row);

// losses_to_ir.cpp
void ir_put_negative_log_likelihood(GraphToIr& g, Row row);
void ir_put_softmax_cross_entropy(GraphToIr& g, Row row);

// signals_to_ir.cpp
void ir_put_dft(GraphToIr& g, Row row);
void ir_put_stft(GraphToIr& g, Row row);
void ir_put_hann_window(GraphToIr& g, Row row);
void ir_put_hamming_window(GraphToIr& g, Row row);
void ir_put_blackman_window(GraphToIr& g, Row row);

// recurrent_to_ir.cpp
void ir_put_rnn(GraphToIr& g, Row row);
void ir_put_lstm(GraphToIr& g, Row row);
void ir_put_gru(GraphToIr& g, Row row);

// windows_to_ir.cpp
/// Of x and weights, without a bias; `weights`: the input that the weights come from.
IrValue convolution(GraphToIr& g, Row row, std::pair<IrValue, IrValue> inputs, size_t weights);
void ir_put_conv(GraphToIr& g, Row row);
void ir_put_conv_transpose(GraphToIr& g, Row row);
void ir_put_max_pool(GraphToIr& g, Row row);
void ir_put_average_pool(GraphToIr& g, Row row);
void ir_put_global_pool(GraphToIr& g, Row row);
void ir_put_lp_pool(GraphToIr& g, Row row);
void ir_put_global_lp_pool(GraphToIr& g, Row row);
void ir_put_max_unpool(GraphToIr& g, Row row);
void ir_put_grid_sample(GraphToIr& g, Row row);
void ir_put_roi_align(GraphToIr& g, Row row);
void ir_put_resize(GraphToIr& g, Row row);

// shapes_to_ir.cpp
/// Input 0 as a matrix: what stands before the axis, what stands from it on.
IrValue flattened(GraphToIr& g, int64_t axis);
void ir_put_shape(GraphToIr& g, Row row);
void ir_put_size(GraphToIr& g, Row row);
void ir_put_reshape(GraphToIr& g, Row row);
void ir_put_flatten(GraphToIr& g, Row row);
void ir_put_squeeze(GraphToIr& g, Row row);
void ir_put_transpose(GraphToIr& g, Row row);
void ir_put_concat(GraphToIr& g, Row row);
void ir_put_split(GraphToIr& g, Row row);
void ir_put_slice(GraphToIr& g, Row row);
void ir_put_pad(GraphToIr& g, Row row);
void ir_put_tile(GraphToIr& g, Row row);
void ir_put_expand(GraphToIr& g, Row row);
void ir_put_constant_of_shape(GraphToIr& g, Row row);
void ir_put_range(GraphToIr& g, Row row);
void ir_put_gather(GraphToIr& g, Row row);
void ir_put_gather_elements(GraphToIr& g, Row row);
void ir_put_gather_nd(GraphToIr& g, Row row);
void ir_put_scatter_elements(GraphToIr& g, Row row);
void ir_put_scatter_nd(GraphToIr& g, Row row);
void ir_put_depth_to_space(GraphToIr& g, Row row);
void ir_put_space_to_depth(GraphToIr& g, Row row);

// places_to_ir.cpp
/// An input that is a list of one number, or a number, as a number.
IrValue one_of(GraphToIr& g, size_t input, IrType element);
void ir_put_arg(GraphToIr& g, Row row);
void ir_put_top_k(GraphToIr& g, Row row);
void ir_put_hardmax(GraphToIr& g, Row row);
void ir_put_non_zero(GraphToIr& g, Row row);
void ir_put_compress(GraphToIr& g, Row row);
void ir_put_unique(GraphToIr& g, Row row);
void ir_put_one_hot(GraphToIr& g, Row row);
void ir_put_trilu(GraphToIr& g, Row row);
void ir_put_eye_like(GraphToIr& g, Row row);
void ir_put_non_max_suppression(GraphToIr& g, Row row);
void ir_put_reverse_sequence(GraphToIr& g, Row row);

// bodies_to_ir.cpp
void ir_put_if(GraphToIr& g, Row row);
void ir_put_loop(GraphToIr& g, Row row);
void ir_put_scan(GraphToIr& g, Row row);

}  // namespace adze::formats
