// The families of standard ops; all_standard_ops.cpp is the table.
#pragma once

#include <span>

#include "ops/standard/standard_op.h"

namespace adze::ops {

std::span<const StandardOp> arithmetic_ops();
std::span<const StandardOp> unary_ops();
std::span<const StandardOp> activation_ops();
std::span<const StandardOp> compare_ops();
std::span<const StandardOp> reduce_ops();
std::span<const StandardOp> order_ops();
std::span<const StandardOp> shape_ops();
std::span<const StandardOp> rearrange_ops();
std::span<const StandardOp> gather_ops();
std::span<const StandardOp> scatter_ops();
std::span<const StandardOp> matrix_ops();
std::span<const StandardOp> convolution_ops();
std::span<const StandardOp> transposed_convolution_ops();
std::span<const StandardOp> pool_ops();
std::span<const StandardOp> normalization_ops();
std::span<const StandardOp> quantize_ops();
std::span<const StandardOp> recurrent_ops();
std::span<const StandardOp> image_ops();
std::span<const StandardOp> sequence_ops();
std::span<const StandardOp> control_ops();
std::span<const StandardOp> conversion_ops();
std::span<const StandardOp> text_ops();
std::span<const StandardOp> loss_ops();
std::span<const StandardOp> signal_ops();
std::span<const StandardOp> attention_ops();
std::span<const StandardOp> language_ops();
std::span<const StandardOp> fused_ops();

}  // namespace adze::ops
