// Cosine and sine of every rotary angle of every row: what all rotary nodes of a batch share.
// batch, frequency factors [rotary_dims / 2] (optional), factors for contexts longer than `original_context` (optional)
// -> [T, rotary_dims] f32
#pragma once

#include <vector>

#include "ops/op.h"

namespace adze::ops {

/// Base frequencies and scaling, resolved: angle(position, i) = position * frequency[i], optionally divided by a
/// weight's factor[i]; row t holds cos(angle 0), sin(angle 0), cos(angle 1) …, all times `magnitude`.
struct RotaryAnglesParameters {
  std::vector<double> frequencies;
  double magnitude;
  /// Of two weights with factors the second counts where sequences may get longer than this: all rows must agree with
  /// the keys of the history.
  int64_t original_context;
};

extern const Op rotary_angles;

}  // namespace adze::ops
