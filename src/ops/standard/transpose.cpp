#include "ops/standard/transpose.h"

#include <algorithm>
#include <optional>

#include "ops/standard/broadcast.h"
#include "ops/standard/byte_products.h"

namespace adze::ops {
namespace {

/// Matrices, one behind the other, each of which is turned.
struct MatrixTurn {
  int64_t count, rows, columns;
};

/// Where two neighbouring groups of axes change places and the axes before them stay.
std::optional<MatrixTurn> matrix_turn(const HostTensor& x, std::span<const size_t> order) {
  std::vector<size_t> axes;  // those of one place may stand anywhere
  std::ranges::copy_if(order, std::back_inserter(axes), [&](size_t axis) { return x.dim(axis) != 1; });
  size_t kept = 0;
  auto in_order = axes;
  std::ranges::sort(in_order);
  while (kept < axes.size() && axes[kept] == in_order[kept]) ++kept;
  const auto turned = std::span(axes).subspan(kept), sorted = std::span(in_order).subspan(kept);
  if (turned.empty()) return std::nullopt;
  const auto first = static_cast<size_t>(std::ranges::find(sorted, turned[0]) - sorted.begin());
  MatrixTurn turn{1, 1, 1};
  for (size_t i = 0; i < turned.size(); ++i) {
    if (turned[i] != sorted[(first + i) % sorted.size()]) return std::nullopt;
    (i < sorted.size() - first ? turn.columns : turn.rows) *= x.dim(turned[i]);
  }
  for (size_t i = 0; i < kept; ++i) turn.count *= x.dim(axes[i]);
  return turn;
}

template <typename T>
HostTensor turned(const HostTensor& x, std::vector<int64_t> dims, const MatrixTurn& turn) {
  HostTensor result(x.type(), std::move(dims));
  const auto* from = reinterpret_cast<const T*>(x.bytes().data());
  auto* to = reinterpret_cast<T*>(result.fill_bytes().data());
  const int64_t size = turn.rows * turn.columns;
  for (int64_t i = 0; i < turn.count; ++i) interleave_rows(from + i * size, turn.rows, turn.columns, to + i * size);
  return result;
}

}  // namespace

HostTensor transpose(const HostTensor& x, std::span<const size_t> order) {
  const auto strides = strides_of(x.dims());
  StridedView view;
  for (const size_t axis : order) {
    view.dims.push_back(x.dim(axis));
    view.strides.push_back(strides[axis]);
  }
  if (x.count() > 0 && (x.element_bytes() == 1 || x.element_bytes() == 4)) {
    if (const auto turn = matrix_turn(x, order)) {
      return x.element_bytes() == 1 ? turned<uint8_t>(x, view.dims, *turn) : turned<uint32_t>(x, view.dims, *turn);
    }
  }
  return copy_view(x, view);
}

}  // namespace adze::ops
