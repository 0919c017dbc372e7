// Functions of sixteen floats, over the operations of lanes_<isa>.h (to be included before).
#pragma once

namespace adze::ops {
namespace {

/// e^x with a relative error below 2e-7; 0 below -104 (and for -infinity), at most 2^127 above 88; NaN stays NaN.
inline Lanes exponential(Lanes x) {
  x = smaller(splat(88.0f), larger(splat(-104.0f), x));
  const Lanes n = nearest(x * splat(1.44269504f));
  // x - n ln 2, with ln 2 in two parts of which the first times n is exact
  const Lanes r = multiply_add(n, splat(-1.42860682e-6f), multiply_add(n, splat(-0.693145752f), x));
  Lanes p = splat(1.0f / 5040);
  p = multiply_add(p, r, splat(1.0f / 720));
  p = multiply_add(p, r, splat(1.0f / 120));
  p = multiply_add(p, r, splat(1.0f / 24));
  p = multiply_add(p, r, splat(1.0f / 6));
  p = multiply_add(p, r, splat(0.5f));
  p = multiply_add(p, r, splat(1.0f));
  p = multiply_add(p, r, splat(1.0f));
  return times_power_of_two(p, n);
}

/// tanh(x) with an absolute error below 3e-7.
inline Lanes hyperbolic_tangent(Lanes x) { return splat(1.0f) - splat(2.0f) / (exponential(x + x) + splat(1.0f)); }

}  // namespace
}  // namespace adze::ops
