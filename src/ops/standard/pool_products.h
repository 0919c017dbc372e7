// The largest number of each window, row by row: loops that the compiler turns into vectors.
#pragma once

#include <cstdint>

namespace adze::ops {

struct PoolAxis {
  int64_t input, output, kernel, stride, before, dilation;
};
struct PoolShape {
  PoolAxis rows, columns;
};

/// NaN where a window holds one; the least number where it holds none.
void max_pool_plane(const PoolShape& shape, const float* plane, float* out);
void max_pool_plane(const PoolShape& shape, const uint8_t* plane, uint8_t* out);
void max_pool_plane(const PoolShape& shape, const int8_t* plane, int8_t* out);

/// The same of pixels whose channels come last.
void max_pool_pixels(const PoolShape& shape, const float* pixels, int64_t channels, float* out);
void max_pool_pixels(const PoolShape& shape, const uint8_t* pixels, int64_t channels, uint8_t* out);
void max_pool_pixels(const PoolShape& shape, const int8_t* pixels, int64_t channels, int8_t* out);

}  // namespace adze::ops
