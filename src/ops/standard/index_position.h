// Indices as numbers of a graph -> positions in a tensor, checked.
#pragma once

#include <cstdint>
#include <vector>

#include "tensor/host_tensor.h"

namespace adze::ops {

/// Counted from the end when negative. Error(bad_input) when it is not within `length`.
int64_t checked_index(int64_t index, int64_t length);

/// Of GatherElements and ScatterElements: for every index the position in x of the element that has this index on the
/// axis and the index's own place on the others.
std::vector<int64_t> element_positions(const HostTensor& x, const HostTensor& indices, size_t axis);

/// Of GatherND and ScatterND: where the slices begin that the rows of `indices` name.
struct SlicePositions {
  std::vector<int64_t> starts;
  std::vector<int64_t> dims;  // of a slice
  int64_t length = 1;         // of a slice
};
SlicePositions slice_positions(const HostTensor& x, const HostTensor& indices, int64_t batch_dims);

}  // namespace adze::ops
