// out = x * weight[expert]^T + bias[expert]: `linear` with each row's own experts.
// x [T, in] or [T * used, in] f32, weight [E, out, in] any storage, experts [T, used] i32, bias [E, out] f32 (optional)
// -> [T * used, out] f32; row t * used + k is of expert k of row t
#pragma once

#include <vector>

#include "ops/op.h"

namespace adze::ops {

extern const Op expert_linear;

std::vector<graph::ValueType> infer_expert_linear(const graph::NodeTypes& node);

/// A kernel for each of `linear`, in their order: rows are brought together by expert, and that kernel multiplies each
/// expert's rows with its weights. `linear` is what a row by itself would get, bit by bit.
std::vector<Kernel> list_expert_kernels(std::span<const Kernel> linear);

}  // namespace adze::ops
