// Convolutions of f32.
//
// Columns of the result are places of a plane: the windows of up to 48 of them are laid out as a panel, which is
// multiplied with the filters of a group (float_products.h). Groups of one channel are filters over padded planes.
// A result's sum runs over channels, then taps, whatever the way the work is divided.
#pragma once

#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "ops/standard/convolution_shape.h"
#include "ops/standard/float_products.h"

namespace adze::ops {

/// Filters as the kernels want them, and as they came where those need them so.
struct PackedFilters {
  std::vector<float> rows;   // of each group: packed rows; empty where groups have one channel
  std::vector<float> plain;  // else empty
};
/// `weights`: [outputs][channels of a group][taps].
PackedFilters packed_filters(const Convolution& c, const float* weights);

struct FloatConvolution {
  const Convolution& c;
  std::span<const float> x;  // [batch][channels][input places]
  const PackedFilters& filters;
  ProductEnd end;  // its bias by output channel, its addend as the whole result
  float* out;      // [batch][outputs][output places], all of which are written
};
void convolve_floats(const FloatConvolution& convolution, ThreadPool* pool);

}  // namespace adze::ops
