#include "ops/standard/broadcast.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

namespace adze::ops {
namespace {

template <typename T>
void copy_rows(const StridedWalk& walk, const std::byte* from, std::byte* to, int64_t offset) {
  const T* source = reinterpret_cast<const T*>(from) + offset;
  T* result = reinterpret_cast<T*>(to);
  const int64_t count = walk.row_length(), step = walk.step(0);
  walk.each_row([&](int64_t at, const StridedWalk::Offsets& offsets) {
    const T* x = source + offsets[0];
    if (step == 1) {
      std::copy_n(x, count, result + at);
    } else {
      for (int64_t i = 0; i < count; ++i) result[at + i] = x[i * step];
    }
  });
}

struct Wide {
  uint64_t halves[2];
};

/// Calls `action` with the unsigned type as wide as an element.
template <typename Action>
void by_width(size_t bytes, Action action) {
  if (bytes == 1) return action(uint8_t());
  if (bytes == 2) return action(uint16_t());
  if (bytes == 4) return action(uint32_t());
  if (bytes == 8) return action(uint64_t());
  return action(Wide());
}

HostTensor pick_texts(const HostTensor& source, std::vector<int64_t> dims, std::span<const int64_t> positions) {
  std::vector<std::string> texts(positions.size());
  for (size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] >= 0) texts[i] = source.texts()[static_cast<size_t>(positions[i])];
  }
  return HostTensor(std::move(texts), std::move(dims));
}

}  // namespace

std::vector<int64_t> strides_of(std::span<const int64_t> dims) {
  std::vector<int64_t> strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

std::vector<int64_t> broadcast_strides(std::span<const int64_t> dims, std::span<const int64_t> shape) {
  const bool fits = dims.size() <= shape.size();
  std::vector<int64_t> strides(shape.size(), 0);
  const auto own = strides_of(dims);
  for (size_t i = 0; fits && i < dims.size(); ++i) {
    const size_t at = shape.size() - dims.size() + i;
    if (dims[i] != 1 && dims[i] != shape[at]) {
      fail(ErrorCode::bad_input, "{} cannot be repeated to {}", dims_text(dims), dims_text(shape));
    }
    strides[at] = dims[i] == 1 ? 0 : own[i];
  }
  if (!fits) fail(ErrorCode::bad_input, "{} cannot be repeated to {}", dims_text(dims), dims_text(shape));
  return strides;
}

std::vector<int64_t> broadcast_dims(std::span<const int64_t> a, std::span<const int64_t> b) {
  std::vector<int64_t> dims(std::max(a.size(), b.size()), 1);
  for (size_t i = 0; i < dims.size(); ++i) {
    const int64_t x = i + a.size() < dims.size() ? 1 : a[i + a.size() - dims.size()];
    const int64_t y = i + b.size() < dims.size() ? 1 : b[i + b.size() - dims.size()];
    if (x != y && x != 1 && y != 1) {
      fail(ErrorCode::bad_input, "{} and {} do not fit together", dims_text(a), dims_text(b));
    }
    dims[i] = x == 1 ? y : x;
  }
  return dims;
}

std::vector<int64_t> broadcast_dims(std::span<const HostTensor* const> tensors) {
  std::vector<int64_t> dims;
  for (const HostTensor* tensor : tensors) dims = broadcast_dims(dims, tensor->dims());
  return dims;
}

HostTensor broadcast_to(const HostTensor& tensor, const std::vector<int64_t>& shape) {
  if (tensor.dims() == shape) return tensor;
  return copy_view(tensor, {shape, broadcast_strides(tensor.dims(), shape), 0});
}

StridedWalk::StridedWalk(std::span<const int64_t> shape, std::span<const std::vector<int64_t>> strides)
    : operands_(strides.size()) {
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) empty_ = true;
    if (shape[axis] == 1) continue;
    bool joins = !dims_.empty();
    for (size_t i = 0; joins && i < operands_; ++i) {
      joins = strides_[i].back() == strides[i][axis] * shape[axis];
    }
    if (joins) {
      dims_.back() *= shape[axis];
      for (size_t i = 0; i < operands_; ++i) strides_[i].back() = strides[i][axis];
    } else {
      dims_.push_back(shape[axis]);
      for (size_t i = 0; i < operands_; ++i) strides_[i].push_back(strides[i][axis]);
    }
  }
  if (!dims_.empty()) return;
  dims_.push_back(1);
  for (size_t i = 0; i < operands_; ++i) strides_[i].push_back(1);
}

bool StridedWalk::advance(std::vector<int64_t>& index, Offsets& offsets) const {
  for (size_t axis = dims_.size() - 1; axis-- > 0;) {
    ++index[axis];
    for (size_t i = 0; i < operands_; ++i) offsets[i] += strides_[i][axis];
    if (index[axis] < dims_[axis]) return true;
    for (size_t i = 0; i < operands_; ++i) offsets[i] -= strides_[i][axis] * dims_[axis];
    index[axis] = 0;
  }
  return false;
}

HostTensor pick_elements(const HostTensor& source, std::vector<int64_t> dims, std::span<const int64_t> positions) {
  if (source.is_text()) return pick_texts(source, std::move(dims), positions);
  HostTensor result(source.type(), std::move(dims));
  by_width(source.element_bytes(), [&](auto width) {
    using T = decltype(width);
    const auto* from = reinterpret_cast<const T*>(source.bytes().data());
    auto* to = reinterpret_cast<T*>(result.fill_bytes().data());
    for (size_t i = 0; i < positions.size(); ++i) to[i] = positions[i] < 0 ? T{} : from[positions[i]];
  });
  return result;
}

HostTensor copy_view(const HostTensor& source, const StridedView& view) {
  const std::array strides = {view.strides};
  const StridedWalk walk(view.dims, strides);
  if (source.is_text()) {
    std::vector<int64_t> positions;
    walk.each_row([&](int64_t, const StridedWalk::Offsets& offsets) {
      for (int64_t i = 0; i < walk.row_length(); ++i) positions.push_back(view.offset + offsets[0] + i * walk.step(0));
    });
    return pick_texts(source, view.dims, positions);
  }
  HostTensor result(source.type(), view.dims);
  by_width(source.element_bytes(), [&](auto width) {
    copy_rows<decltype(width)>(walk, source.bytes().data(), result.fill_bytes().data(), view.offset);
  });
  return result;
}

}  // namespace adze::ops
