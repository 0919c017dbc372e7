// The functions of the table in tflite_meanings.cpp, by family.
#pragma once

#include "formats/tflite/tflite_step.h"

namespace adze::formats {

using TfliteName = std::string_view;

// tflite_elementwise.cpp: of what integers stand for, quantized again
void tflite_same(TfliteStep& s, TfliteName op);    // the same inputs, nothing else
void tflite_binary(TfliteStep& s, TfliteName op);  // and an activation
void tflite_compare(TfliteStep& s, TfliteName op);
void tflite_not_equal(TfliteStep& s, TfliteName op);
void tflite_div(TfliteStep& s, TfliteName op);
void tflite_floor_div(TfliteStep& s, TfliteName op);
void tflite_floor_mod(TfliteStep& s, TfliteName op);
void tflite_squared_difference(TfliteStep& s, TfliteName op);
void tflite_square(TfliteStep& s, TfliteName op);
void tflite_rsqrt(TfliteStep& s, TfliteName op);
void tflite_add_n(TfliteStep& s, TfliteName op);
void tflite_relu(TfliteStep& s, TfliteName least_and_most);
void tflite_leaky_relu(TfliteStep& s, TfliteName op);
void tflite_gelu(TfliteStep& s, TfliteName op);
void tflite_softmax(TfliteStep& s, TfliteName op);
void tflite_log_softmax(TfliteStep& s, TfliteName op);
void tflite_l2_norm(TfliteStep& s, TfliteName op);
void tflite_local_response(TfliteStep& s, TfliteName op);
void tflite_cast(TfliteStep& s, TfliteName op);
void tflite_quantize(TfliteStep& s, TfliteName op);
void tflite_dequantize(TfliteStep& s, TfliteName op);
void tflite_fake_quant(TfliteStep& s, TfliteName op);
void tflite_select(TfliteStep& s, TfliteName op);

// tflite_windows.cpp
void tflite_conv(TfliteStep& s, TfliteName op);
void tflite_depthwise_conv(TfliteStep& s, TfliteName op);
void tflite_transpose_conv(TfliteStep& s, TfliteName op);
void tflite_fully_connected(TfliteStep& s, TfliteName op);
void tflite_batch_mat_mul(TfliteStep& s, TfliteName op);
void tflite_pool(TfliteStep& s, TfliteName op);
void tflite_resize(TfliteStep& s, TfliteName mode);

// tflite_shapes.cpp: integers stay what they are where their scales do
void tflite_reshape(TfliteStep& s, TfliteName op);
void tflite_squeeze(TfliteStep& s, TfliteName op);
void tflite_expand_dims(TfliteStep& s, TfliteName op);
void tflite_transpose(TfliteStep& s, TfliteName op);
void tflite_concat(TfliteStep& s, TfliteName op);
void tflite_pack(TfliteStep& s, TfliteName op);
void tflite_unpack(TfliteStep& s, TfliteName op);
void tflite_split(TfliteStep& s, TfliteName op);
void tflite_split_v(TfliteStep& s, TfliteName op);
void tflite_slice(TfliteStep& s, TfliteName op);
void tflite_strided_slice(TfliteStep& s, TfliteName op);
void tflite_pad(TfliteStep& s, TfliteName op);
void tflite_mirror_pad(TfliteStep& s, TfliteName op);
void tflite_tile(TfliteStep& s, TfliteName op);
void tflite_broadcast_to(TfliteStep& s, TfliteName op);
void tflite_reverse(TfliteStep& s, TfliteName op);
void tflite_reverse_sequence(TfliteStep& s, TfliteName op);
void tflite_depth_to_space(TfliteStep& s, TfliteName op);
void tflite_space_to_depth(TfliteStep& s, TfliteName op);
void tflite_space_to_batch(TfliteStep& s, TfliteName op);
void tflite_batch_to_space(TfliteStep& s, TfliteName op);
void tflite_shape(TfliteStep& s, TfliteName op);
void tflite_rank(TfliteStep& s, TfliteName op);
void tflite_fill(TfliteStep& s, TfliteName op);
void tflite_zeros_like(TfliteStep& s, TfliteName op);
void tflite_range(TfliteStep& s, TfliteName op);

// tflite_choices.cpp
void tflite_gather(TfliteStep& s, TfliteName op);
void tflite_gather_nd(TfliteStep& s, TfliteName op);
void tflite_embedding_lookup(TfliteStep& s, TfliteName op);
void tflite_scatter_nd(TfliteStep& s, TfliteName op);
void tflite_one_hot(TfliteStep& s, TfliteName op);
void tflite_top_k(TfliteStep& s, TfliteName op);
void tflite_arg(TfliteStep& s, TfliteName op);
void tflite_where(TfliteStep& s, TfliteName op);
void tflite_reduce(TfliteStep& s, TfliteName op);
void tflite_reduce_flags(TfliteStep& s, TfliteName op);
void tflite_cum_sum(TfliteStep& s, TfliteName op);
void tflite_if(TfliteStep& s, TfliteName op);
void tflite_while(TfliteStep& s, TfliteName op);

}  // namespace adze::formats
