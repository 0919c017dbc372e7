// What is convolved with what.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/standard/windows.h"

namespace adze::ops {

/// Rounded up.
inline int64_t divided_up(int64_t a, int64_t b) { return (a + b - 1) / b; }

struct Convolution {
  int64_t batch, channels, outputs, groups;
  Windows windows;

  int64_t group_channels() const { return channels / groups; }
  int64_t group_outputs() const { return outputs / groups; }
  /// Of one channel each, for one or two results: filters over planes instead of products of matrices.
  bool filters_planes() const { return group_channels() == 1 && group_outputs() <= 2 && windows.input.size() <= 2; }
  std::vector<int64_t> result_dims() const {
    std::vector<int64_t> dims{batch, outputs};
    dims.insert(dims.end(), windows.output.begin(), windows.output.end());
    return dims;
  }
};

}  // namespace adze::ops
