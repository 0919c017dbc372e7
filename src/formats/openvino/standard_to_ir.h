// The functions of the table in standard_to_ir.cpp, by family.
#pragma once

#include "formats/openvino/graph_to_ir.h"

namespace adze::formats {

using Row = const IrWriting&;

// numbers_to_ir.cpp
void ir_put_unary(GraphToIr& g, Row row);
void ir_put_binary(GraphToIr& g, Row row);
void ir_put_many(GraphToIr& g, Row row);
void ir_put_where(GraphToIr& g, Row row);
void ir_put_pass(GraphToIr& g, Row row);
void ir_put_cast(GraphToIr& g, Row row);
void ir_put_clip(GraphToIr& g, Row row);
void ir_put_elu(GraphToIr& g, Row row);
void ir_put_leaky_relu(GraphToIr& g, Row row);
void ir_put_hard_sigmoid(GraphToIr& g, Row row);
void ir_put_gelu(GraphToIr& g, Row row);
void ir_put_reciprocal(GraphToIr& g, Row row);
void ir_put_mod(GraphToIr& g, Row row);
void ir_put_div(GraphToIr& g, Row row);
void ir_put_softmax(GraphToIr& g, Row row);
void ir_put_quantize(GraphToIr& g, Row row);
void ir_put_dequantize(GraphToIr& g, Row row);

// sums_to_ir.cpp
void ir_put_mat_mul(GraphToIr& g, Row row);
void ir_put_gemm(GraphToIr& g, Row row);
void ir_put_reduce(GraphToIr& g, Row row);
void ir_put_arg(GraphToIr& g, Row row);
void ir_put_top_k(GraphToIr& g, Row row);
void ir_put_cum_sum(GraphToIr& g, Row row);
void ir_put_batch_norm(GraphToIr& g, Row row);
void ir_put_layer_norm(GraphToIr& g, Row row);
void ir_put_instance_norm(GraphToIr& g, Row row);
void ir_put_lrn(GraphToIr& g, Row row);
void ir_put_einsum(GraphToIr& g, Row row);
void ir_put_lstm(GraphToIr& g, Row row);
void ir_put_gru(GraphToIr& g, Row row);

// windows_to_ir.cpp
void ir_put_conv(GraphToIr& g, Row row);
void ir_put_conv_transpose(GraphToIr& g, Row row);
void ir_put_max_pool(GraphToIr& g, Row row);
void ir_put_average_pool(GraphToIr& g, Row row);
void ir_put_global_pool(GraphToIr& g, Row row);
void ir_put_resize(GraphToIr& g, Row row);

// shapes_to_ir.cpp
void ir_put_shape(GraphToIr& g, Row row);
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
void ir_put_non_zero(GraphToIr& g, Row row);
void ir_put_one_hot(GraphToIr& g, Row row);
void ir_put_depth_to_space(GraphToIr& g, Row row);
void ir_put_space_to_depth(GraphToIr& g, Row row);

// bodies_to_ir.cpp
void ir_put_if(GraphToIr& g, Row row);
void ir_put_loop(GraphToIr& g, Row row);
void ir_put_scan(GraphToIr& g, Row row);

}  // namespace adze::formats
