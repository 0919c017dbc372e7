// out = x * weight^T + bias. `activation` says in what precision x is multiplied.
// x [T, in] f32, weight [out, in] any storage, bias [out] f32 (optional) -> [T, out] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

/// In what precision activations are multiplied. Rows are quantized in blocks along the input features with one float
/// scale per block, codes are round(x / scale) in [-127, 127], scale = max|x| / 127.
/// With two planes, the second quantizes what the first lost, about as fine as 16 bits: for the few products whose
/// errors are felt most.
enum class Activation { f32, q8_32, q8_32x2, q8_256, q8_256x2 };

struct LinearParameters {
  Activation activation;
};

/// Numbers per block: 32, 256, or 0 for f32.
int64_t activation_block(Activation activation);
/// 8-bit numbers that stand for one activation; 0 for f32.
int activation_planes(Activation activation);

extern const Op linear;

}  // namespace adze::ops
