// Convolutions of f32 with few places: short signals, the last layers of encoders.
//
// Their panels of places would be almost empty, so the windows are rows instead and panels are made of filters. Sums
// run over channels, then taps, as in float_convolution.h: the results are the same bits.
#pragma once

#include <vector>

#include "ops/standard/float_convolution.h"

namespace adze::ops {

/// Whether this way is faster: one group, many outputs, few places of each image.
bool has_few_places(const Convolution& c);

/// The filters as columns of a matrix, packed (matrix_product.h), from [outputs][channels][taps]. REQUIRES: one group.
std::vector<float> filter_panels(const Convolution& c, const float* weights);

/// `filters` of `run` are not read.
void convolve_few_places(const FloatConvolution& run, const std::vector<float>& panels, ThreadPool* pool);

}  // namespace adze::ops
