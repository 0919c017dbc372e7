// Activations that other ops apply to their results.
#pragma once

#include "ops/standard/standard_op.h"

namespace adze::ops {

struct FusedActivation {
  enum class Kind : uint8_t { none, clip, leaky_relu, sigmoid, tanh, hard_sigmoid };
  Kind kind = Kind::none;
  float alpha = 0;  // clip: the least; leaky_relu, hard_sigmoid: the factor
  float beta = 0;   // clip: the most; hard_sigmoid: the term
};

/// From the attributes `activation` (none: absent or empty) and `activation_params`. Error(bad_input) for others.
FusedActivation fused_activation_of(const StandardCall& call);

/// REQUIRES: x is f32 or f64.
HostTensor apply_activation(const FusedActivation& activation, const HostTensor& x);

}  // namespace adze::ops
