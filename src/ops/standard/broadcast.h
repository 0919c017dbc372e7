// Walking over tensors of different shapes together, by the rules of NumPy.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "tensor/host_tensor.h"

namespace adze::ops {

/// In elements, outermost first.
std::vector<int64_t> strides_of(std::span<const int64_t> dims);
/// Strides of `dims` seen as `shape`: 0 where a dimension of 1, or none, is repeated. Error(bad_input) when it does not
/// fit.
std::vector<int64_t> broadcast_strides(std::span<const int64_t> dims, std::span<const int64_t> shape);
/// The shape of both together. Error(bad_input) when they do not fit.
std::vector<int64_t> broadcast_dims(std::span<const int64_t> a, std::span<const int64_t> b);
std::vector<int64_t> broadcast_dims(std::span<const HostTensor* const> tensors);
HostTensor broadcast_to(const HostTensor& tensor, const std::vector<int64_t>& shape);

/// Up to three operands of one shape, walked row by row: dimensions that lie behind one another are joined.
class StridedWalk {
 public:
  static constexpr size_t kMaxOperands = 3;
  using Offsets = std::array<int64_t, kMaxOperands>;

  /// `strides`: of each operand, as long as `shape`.
  StridedWalk(std::span<const int64_t> shape, std::span<const std::vector<int64_t>> strides);

  /// Calls row(output offset, offsets of the operands) for every innermost row, in order.
  template <typename Row>
  void each_row(Row row) const {
    if (empty_) return;
    std::vector<int64_t> index(dims_.size(), 0);
    Offsets offsets{};
    for (int64_t out = 0;; out += row_length()) {
      row(out, offsets);
      if (!advance(index, offsets)) return;
    }
  }
  int64_t row_length() const { return dims_.back(); }
  /// Of an operand along a row.
  int64_t step(size_t operand) const { return strides_[operand].back(); }

 private:
  bool advance(std::vector<int64_t>& index, Offsets& offsets) const;

  std::vector<int64_t> dims_;
  std::array<std::vector<int64_t>, kMaxOperands> strides_;
  size_t operands_;
  bool empty_ = false;
};

/// result[i] = function(a[i], b[i]) over the broadcast shape, which is the result's. It may be a or b itself.
template <typename In, typename Out, typename Function>
void map_pairs_into(HostTensor& result, const HostTensor& a, const HostTensor& b, Function function) {
  const auto& shape = result.dims();
  const std::array strides = {broadcast_strides(a.dims(), shape), broadcast_strides(b.dims(), shape)};
  const StridedWalk walk(shape, strides);
  const In* left = a.numbers<In>().data();
  const In* right = b.numbers<In>().data();
  Out* out = result.fill<Out>().data();
  const int64_t count = walk.row_length(), left_step = walk.step(0), right_step = walk.step(1);
  walk.each_row([&](int64_t at, const StridedWalk::Offsets& offsets) {
    const In *x = left + offsets[0], *y = right + offsets[1];
    Out* to = out + at;
    if (left_step == 1 && right_step == 1) {
      for (int64_t i = 0; i < count; ++i) to[i] = function(x[i], y[i]);
    } else if (left_step == 1 && right_step == 0) {
      const In other = *y;
      for (int64_t i = 0; i < count; ++i) to[i] = function(x[i], other);
    } else {
      for (int64_t i = 0; i < count; ++i) to[i] = function(x[i * left_step], y[i * right_step]);
    }
  });
}

template <typename In, typename Out, typename Function>
HostTensor map_pairs(const HostTensor& a, const HostTensor& b, StorageType type, Function function) {
  HostTensor result(type, broadcast_dims(a.dims(), b.dims()));
  map_pairs_into<In, Out>(result, a, b, function);
  return result;
}

/// result[i] = function(x[i]). It may be x itself.
template <typename In, typename Out, typename Function>
void map_each_into(HostTensor& result, const HostTensor& x, Function function) {
  const auto from = x.numbers<In>();
  const auto to = result.fill<Out>();
  for (size_t i = 0; i < from.size(); ++i) to[i] = function(from[i]);
}

template <typename In, typename Out, typename Function>
HostTensor map_each(const HostTensor& x, StorageType type, Function function) {
  HostTensor result(type, x.dims());
  map_each_into<In, Out>(result, x, function);
  return result;
}

/// Element i of the result is element positions[i] of the source, of any type, texts too; -1 is an element of zero
/// bytes.
HostTensor pick_elements(const HostTensor& source, std::vector<int64_t> dims, std::span<const int64_t> positions);

/// The source seen with other dimensions and strides, from an offset on, made contiguous.
struct StridedView {
  std::vector<int64_t> dims;
  std::vector<int64_t> strides;
  int64_t offset = 0;
};
HostTensor copy_view(const HostTensor& source, const StridedView& view);

}  // namespace adze::ops
