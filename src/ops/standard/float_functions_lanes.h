// float_functions.h over lanes of sixteen floats; included behind lanes_<isa>.h and lanes_math.h.
#pragma once

#include <cstdint>

#include "ops/standard/float_functions.h"

namespace adze::ops {
namespace {

template <typename Function>
void each_lane(const float* x, int64_t count, float* out, Function function) {
  int64_t i = 0;
  for (; i + Lanes::kCount <= count; i += Lanes::kCount) store(out + i, function(load(x + i)));
  if (i == count) return;
  float rest[Lanes::kCount] = {};
  for (int64_t j = i; j < count; ++j) rest[j - i] = x[j];
  store(rest, function(load(rest)));
  for (int64_t j = i; j < count; ++j) out[j] = rest[j - i];
}

inline Lanes sigmoid_of(Lanes x) { return splat(1.0f) / (splat(1.0f) + exponential(splat(0.0f) - x)); }

/// Near zero a polynomial, whose relative error stays small.
inline Lanes tanh_of(Lanes x) {
  const Lanes small = smaller(splat(1.0f), larger(splat(-1.0f), x)), square = small * small;
  Lanes p = splat(62.0f / 2835);
  p = multiply_add(p, square, splat(-17.0f / 315));
  p = multiply_add(p, square, splat(2.0f / 15));
  p = multiply_add(p, square, splat(-1.0f / 3));
  p = multiply_add(p * square, small, small);
  // 0 up to 1/4, 1 from there on
  const Lanes size = larger(x, splat(0.0f) - x);
  const Lanes far = smaller(splat(1.0f), larger(splat(0.0f), (size - splat(0.25f)) * splat(1e9f)));
  return p + far * (hyperbolic_tangent(x) - p);
}

inline void sigmoid_row(const float* x, int64_t count, float* out) { each_lane(x, count, out, sigmoid_of); }

inline void tanh_row(const float* x, int64_t count, float* out) { each_lane(x, count, out, tanh_of); }

inline void swish_row(const float* x, float alpha, int64_t count, float* out) {
  each_lane(x, count, out, [alpha](Lanes v) { return v * sigmoid_of(splat(alpha) * v); });
}

}  // namespace
}  // namespace adze::ops
