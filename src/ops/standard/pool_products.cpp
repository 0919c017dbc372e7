#include "ops/standard/pool_products.h"

#include <algorithm>
#include <limits>
#include <vector>

namespace adze::ops {
namespace {

/// Whichever is larger, or no number.
template <typename T>
T larger(T best, T value) {
  return value > best || value != value ? value : best;
}

template <typename T>
void take_larger(T* out, const T* from, int64_t count, int64_t stride) {
  if (stride == 1) {
    for (int64_t i = 0; i < count; ++i) out[i] = larger(out[i], from[i]);
  } else if (stride == 2) {
    for (int64_t i = 0; i < count; ++i) out[i] = larger(out[i], from[2 * i]);
  } else {
    for (int64_t i = 0; i < count; ++i) out[i] = larger(out[i], from[stride * i]);
  }
}

/// Outputs whose tap lies in the input: the first and one behind the last.
struct Reach {
  int64_t first, last;
};
Reach reach_of(const PoolAxis& axis, int64_t tap) {
  const int64_t shift = tap * axis.dilation - axis.before;  // input = output * stride + shift
  const int64_t first = shift >= 0 ? 0 : (-shift + axis.stride - 1) / axis.stride;
  const int64_t left = axis.input - 1 - shift;
  return {first, std::max(first, std::min(axis.output, left < 0 ? 0 : left / axis.stride + 1))};
}

template <typename T>
void pool_plane(const PoolShape& shape, const T* plane, T* out) {
  const PoolAxis &rows = shape.rows, &columns = shape.columns;
  std::vector<Reach> reaches;
  for (int64_t x = 0; x < columns.kernel; ++x) reaches.push_back(reach_of(columns, x));
  for (int64_t row = 0; row < rows.output; ++row, out += columns.output) {
    std::fill_n(out, columns.output, std::numeric_limits<T>::lowest());
    for (int64_t y = 0; y < rows.kernel; ++y) {
      const int64_t from_row = row * rows.stride - rows.before + y * rows.dilation;
      if (from_row < 0 || from_row >= rows.input) continue;
      for (int64_t x = 0; x < columns.kernel; ++x) {
        const Reach& reach = reaches[static_cast<size_t>(x)];
        const int64_t from = reach.first * columns.stride - columns.before + x * columns.dilation;
        take_larger(out + reach.first, plane + from_row * columns.input + from, reach.last - reach.first,
                    columns.stride);
      }
    }
  }
}

}  // namespace

void max_pool_plane(const PoolShape& shape, const float* plane, float* out) { pool_plane(shape, plane, out); }
void max_pool_plane(const PoolShape& shape, const uint8_t* plane, uint8_t* out) { pool_plane(shape, plane, out); }
void max_pool_plane(const PoolShape& shape, const int8_t* plane, int8_t* out) { pool_plane(shape, plane, out); }

}  // namespace adze::ops
