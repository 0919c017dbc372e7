// Convolutions of 3 x 3 taps with channels last as sixteen products for each 2 x 2 places instead of thirty-six: 2.25
// times fewer multiplications (winograd_tiles.h). In f32 the results differ from plain sums by a few roundings.
#pragma once

#include "ops/standard/channels_last_convolution.h"

namespace adze::ops {

/// Whether the processor has the transforms, and the fewer multiplications outweigh them.
bool pays_winograd(const Convolution& c);
/// Strips of the filters of each product, one product behind the other.
AlignedVector<std::byte> winograd_filters(const Convolution& c, const float* weights);
void convolve_winograd(const FloatPlaceConvolution& convolution, ThreadPool* pool);

}  // namespace adze::ops
