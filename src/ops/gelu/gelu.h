// out = x * P(X <= x) for a standard normal X (Hendrycks and Gimpel 2016); `approximation`: none, or tanh.
// x [T, F] f32 -> [T, F] f32
// geglu multiplies that of a gate with another value: gate [T, F] f32, up [T, F] f32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct GeluParameters {
  bool tanh;  // x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
};

extern const Op gelu;
extern const Op geglu;

}  // namespace adze::ops
