#include "ops/standard/pool_products.h"

#include <algorithm>
#include <cstring>
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

/// Taps of a window that lie in the input, along one axis: positions first, first + dilation … before last.
Reach taps_of(const PoolAxis& axis, int64_t output) {
  const int64_t first = output * axis.stride - axis.before;
  const int64_t skipped = first >= 0 ? 0 : (-first + axis.dilation - 1) / axis.dilation;
  return {first + skipped * axis.dilation, std::min(axis.input, first + axis.kernel * axis.dilation)};
}

/// Channels that are compared at once, in a register.
constexpr int64_t kBlock = 4;
using Block = float __attribute__((vector_size(kBlock * sizeof(float))));

Block load_block(const float* from) {
  Block block;
  std::memcpy(&block, from, sizeof block);
  return block;
}

/// REQUIRES: whole blocks of channels.
void pool_blocks(const PoolShape& shape, const float* pixels, int64_t channels, float* out) {
  const PoolAxis &rows = shape.rows, &columns = shape.columns;
  for (int64_t place = 0; place < rows.output * columns.output; ++place, out += channels) {
    const Reach down = taps_of(rows, place / columns.output), across = taps_of(columns, place % columns.output);
    for (int64_t channel = 0; channel < channels; channel += kBlock) {
      Block best = Block{} + std::numeric_limits<float>::lowest();
      for (int64_t y = down.first; y < down.last; y += rows.dilation) {
        for (int64_t x = across.first; x < across.last; x += columns.dilation) {
          const Block value = load_block(pixels + (y * columns.input + x) * channels + channel);
          best = ((value > best) | (value != value)) ? value : best;
        }
      }
      std::memcpy(out + channel, &best, sizeof best);
    }
  }
}

template <typename T>
void pool_pixels(const PoolShape& shape, const T* pixels, int64_t channels, T* out) {
  const PoolAxis &rows = shape.rows, &columns = shape.columns;
  for (int64_t place = 0; place < rows.output * columns.output; ++place, out += channels) {
    const int64_t row = place / columns.output * rows.stride - rows.before;
    const int64_t column = place % columns.output * columns.stride - columns.before;
    std::fill_n(out, channels, std::numeric_limits<T>::lowest());
    for (int64_t y = row; y < row + rows.kernel * rows.dilation; y += rows.dilation) {
      for (int64_t x = column; x < column + columns.kernel * columns.dilation; x += columns.dilation) {
        if (y < 0 || y >= rows.input || x < 0 || x >= columns.input) continue;
        take_larger(out, pixels + (y * columns.input + x) * channels, channels, 1);
      }
    }
  }
}

}  // namespace

void max_pool_plane(const PoolShape& shape, const float* plane, float* out) { pool_plane(shape, plane, out); }
void max_pool_plane(const PoolShape& shape, const uint8_t* plane, uint8_t* out) { pool_plane(shape, plane, out); }
void max_pool_plane(const PoolShape& shape, const int8_t* plane, int8_t* out) { pool_plane(shape, plane, out); }

void max_pool_pixels(const PoolShape& shape, const float* pixels, int64_t channels, float* out) {
  constexpr int64_t kFewChannels = 32;  // more are read row by row
  const bool in_blocks = channels % kBlock == 0 && channels <= kFewChannels;
  in_blocks ? pool_blocks(shape, pixels, channels, out) : pool_pixels(shape, pixels, channels, out);
}
void max_pool_pixels(const PoolShape& shape, const uint8_t* pixels, int64_t channels, uint8_t* out) {
  pool_pixels(shape, pixels, channels, out);
}
void max_pool_pixels(const PoolShape& shape, const int8_t* pixels, int64_t channels, int8_t* out) {
  pool_pixels(shape, pixels, channels, out);
}

}  // namespace adze::ops
