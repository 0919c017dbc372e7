// Filters over planes (float_products.h) over lanes of sixteen floats; included behind lanes_<isa>.h and
// float_products_lanes.h.
#pragma once

#include <cstdint>

#include "ops/standard/float_products.h"

namespace adze::ops {
namespace {

/// Sums at kLanes lanes of places from `at` on, counted through the rows of the padded plane.
template <int kLanes>
void filter_places(const PlaneFilter& f, int64_t at) {
  Lanes sums[kLanes];
#pragma GCC unroll 4
  for (int lane = 0; lane < kLanes; ++lane) sums[lane] = splat(0);
  for (int64_t tap = 0; tap < f.taps; ++tap) {
    const Lanes weight = splat(f.weights[tap]);
    const float* from = f.padded + f.distances[tap] + at;
#pragma GCC unroll 4
    for (int lane = 0; lane < kLanes; ++lane) {
      sums[lane] = multiply_add(weight, load(from + lane * Lanes::kCount), sums[lane]);
    }
  }
#pragma GCC unroll 4
  for (int lane = 0; lane < kLanes; ++lane) store(f.scratch + at + lane * Lanes::kCount, sums[lane]);
}

inline void end_row(const PlaneFilter& f, int64_t row) {
  const float* from = f.scratch + row * f.row_step;
  float* to = f.out + row * f.columns;
  const float* addend = f.end->addend ? f.end->addend + row * f.columns : nullptr;
  for (int64_t i = 0; i < f.columns; i += Lanes::kCount) {
    Lanes sum = load(from + i) + splat(f.bias);
    if (addend) sum = sum + load_part(addend + i, f.columns - i);
    store_part(to + i, f.columns - i, limited(*f.end, sum));
  }
}

inline void filter_plane(const PlaneFilter& f) {
  constexpr int64_t kWide = 4 * Lanes::kCount;
  const int64_t count = (f.rows - 1) * f.row_step + f.columns;
  int64_t at = 0;
  for (; at + kWide <= count; at += kWide) filter_places<4>(f, at);
  for (; at < count; at += Lanes::kCount) filter_places<1>(f, at);
  for (int64_t row = 0; row < f.rows; ++row) end_row(f, row);
}

}  // namespace
}  // namespace adze::ops
