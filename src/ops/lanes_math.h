// Functions of sixteen floats, over the operations of lanes_<isa>.h (to be included before).
#pragma once

namespace adze::ops {
namespace {

// x = n ln 2 + r: e^x = e^r * 2^n.
struct ReducedExponent {
  Lanes n;
  Lanes power;  // e^r, with a relative error below 2e-7
};

// For x within -104 .. 88.
inline ReducedExponent reduce_exponent(Lanes x) {
  const Lanes n = nearest(x * splat(1.44269504f));
  // x - n ln 2, with ln 2 in two parts of which the first times n is exact
  const Lanes r = multiply_add(n, splat(-1.42860682e-6f), multiply_add(n, splat(-0.693145752f), x));
  Lanes p = splat(8.312524e-3f);  // the smallest relative error on |r| <= ln 2 / 2
  p = multiply_add(p, r, splat(4.1890122e-2f));
  p = multiply_add(p, r, splat(0.16667114f));
  p = multiply_add(p, r, splat(0.49999231f));
  p = multiply_add(p, r, splat(1.0f));
  p = multiply_add(p, r, splat(1.0f));
  return {n, p};
}

/// e^x with a relative error below 2e-7; 0 below -104 (and for -infinity), at most 2^127 above 88; NaN stays NaN.
inline Lanes exponential(Lanes x) {
  const ReducedExponent e = reduce_exponent(smaller(splat(88.0f), larger(splat(-104.0f), x)));
  return times_power_of_two(e.power, e.n);
}

/// 2^x for x <= 1 with a relative error below 2e-7; below -126 it may be 0; NaN stays NaN.
inline Lanes power_of_two_up_to_two(Lanes x) {
  x = larger(splat(-150.0f), x);
  const Lanes n = nearest(x);
  const Lanes r = x - n;
  Lanes p = splat(1.32647273e-3f);  // the smallest relative error on |r| <= 1/2
  p = multiply_add(p, r, splat(9.67151299e-3f));
  p = multiply_add(p, r, splat(5.55073358e-2f));
  p = multiply_add(p, r, splat(0.240222424f));
  p = multiply_add(p, r, splat(0.693147004f));
  p = multiply_add(p, r, splat(1.0f));
  return times_normal_power_of_two(p, n);
}

/// tanh(x) with an absolute error below 3e-7.
inline Lanes hyperbolic_tangent(Lanes x) { return splat(1.0f) - splat(2.0f) / (exponential(x + x) + splat(1.0f)); }

/// P(X <= x) of a standard normal X with an absolute error below 2e-7 (Abramowitz and Stegun 7.1.26).
inline Lanes normal_distribution(Lanes x) {
  const Lanes size = larger(x, splat(0.0f) - x) * splat(0.707106781f);
  const Lanes t = splat(1.0f) / multiply_add(splat(0.3275911f), size, splat(1.0f));
  Lanes p = splat(1.061405429f);
  p = multiply_add(p, t, splat(-1.453152027f));
  p = multiply_add(p, t, splat(1.421413741f));
  p = multiply_add(p, t, splat(-0.284496736f));
  p = multiply_add(p, t, splat(0.254829592f));
  const Lanes tail = splat(0.5f) * p * t * exponential(splat(0.0f) - size * size);
  // tail for negative x, 1 - tail for positive: the half that is towards the sign of x
  const Lanes sign = smaller(splat(1.0f), larger(splat(-1.0f), x * splat(1e30f)));
  return multiply_add(sign, splat(0.5f) - tail, splat(0.5f));
}

}  // namespace
}  // namespace adze::ops
