// Activations as int8 codes with one scale per block: the same rule for the reference and for every fast kernel.
#pragma once

#include <cstdint>

namespace adze::ops {

/// Quantizes `length` numbers in blocks of `block` (the last may be shorter): scale = max|x| / 127,
/// code = round-to-nearest-even(x * (127 / max|x|)). A block with NaN or infinity gets scale NaN and codes 0, so that
/// what depends on it becomes NaN instead of silently wrong.
void quantize_activation(const float* x, int64_t length, int64_t block, int8_t* codes, float* scales);

/// What quantization lost: residual[i] = x[i] - codes[i] * scale of its block.
void activation_residual(const float* x, int64_t length, int64_t block, const int8_t* codes, const float* scales,
                         float* residual);

}  // namespace adze::ops
