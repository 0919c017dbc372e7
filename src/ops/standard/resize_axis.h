// Resizing along one axis at a time: which numbers of a line make one of the longer or shorter line.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "ops/standard/standard_op.h"

namespace adze::ops {

struct ResizedAxis {
  size_t axis;
  int64_t from, to;
  /// Of each new number: the old ones that it is made of (clamped to the line), and their weights.
  struct Source {
    std::vector<int64_t> places;
    std::vector<double> weights;
    bool outside = false;  // tf_crop_and_resize: it lies beyond the line
  };
  std::vector<Source> sources;
};

/// From the attributes and inputs of Resize (x, roi, scales, sizes); axes that stay as they are left out.
std::vector<ResizedAxis> resized_axes(const StandardCall& call, const HostTensor& x);

/// Of f64.
HostTensor resize_axis(const HostTensor& x, const ResizedAxis& axis);
/// The value wherever an axis lies outside.
HostTensor with_outside(const HostTensor& x, const std::vector<ResizedAxis>& axes, double value);

/// Of the neighbours -1, 0, 1, 2 of a point `part` behind neighbour 0.
std::array<double, 4> cubic_weights(double part, double a);

}  // namespace adze::ops
