#include "ops/standard/index_position.h"

#include <algorithm>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/standard_op.h"

namespace adze::ops {

int64_t checked_index(int64_t index, int64_t length) {
  const int64_t at = index < 0 ? index + length : index;
  if (at < 0 || at >= length) fail(ErrorCode::bad_input, "index {} is not within {} elements", index, length);
  return at;
}

std::vector<int64_t> element_positions(const HostTensor& x, const HostTensor& indices, size_t axis) {
  require_rank(indices, x.rank(), x.rank());
  for (size_t i = 0; i < x.rank(); ++i) {
    if (i != axis && indices.dim(i) > x.dim(i)) {
      fail(ErrorCode::bad_input, "indices {} are larger than {}", indices.description(), x.description());
    }
  }
  const auto strides = strides_of(x.dims());
  auto positions = read_integers(indices);
  std::vector<int64_t> place(x.rank(), 0);
  for (int64_t& position : positions) {
    position = checked_index(position, x.dim(axis)) * strides[axis];
    for (size_t i = 0; i < x.rank(); ++i) position += i == axis ? 0 : place[i] * strides[i];
    for (size_t i = x.rank(); i-- > 0 && ++place[i] == indices.dim(i);) place[i] = 0;
  }
  return positions;
}

SlicePositions slice_positions(const HostTensor& x, const HostTensor& indices, int64_t batch_dims) {
  require_rank(x, 1);
  require_rank(indices, 1);
  const auto batch = static_cast<size_t>(batch_dims);
  const int64_t depth = indices.dims().back();
  if (batch_dims < 0 || batch >= indices.rank() || batch + static_cast<size_t>(depth) > x.rank() ||
      !std::equal(x.dims().begin(), x.dims().begin() + batch_dims, indices.dims().begin())) {
    fail(ErrorCode::bad_input, "indices {} do not fit {}", indices.description(), x.description());
  }
  const auto strides = strides_of(x.dims());
  SlicePositions slices;
  slices.dims.assign(x.dims().begin() + batch_dims + depth, x.dims().end());
  slices.length = checked_element_count(slices.dims);
  const auto numbers = read_integers(indices);
  const int64_t rows = depth == 0 ? checked_element_count(std::span(indices.dims()).first(indices.rank() - 1))
                                  : static_cast<int64_t>(numbers.size()) / depth;
  const int64_t batches = checked_element_count(std::span(x.dims()).first(batch));
  const int64_t batch_length = batches == 0 ? 0 : x.count() / batches;
  for (int64_t row = 0; row < rows; ++row) {
    int64_t start = row / std::max<int64_t>(rows / std::max<int64_t>(batches, 1), 1) * batch_length;
    for (int64_t i = 0; i < depth; ++i) {
      const size_t axis = batch + static_cast<size_t>(i);
      start += checked_index(numbers[static_cast<size_t>(row * depth + i)], x.dim(axis)) * strides[axis];
    }
    slices.starts.push_back(start);
  }
  return slices;
}

}  // namespace adze::ops
