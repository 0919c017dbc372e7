// Rotary position embedding (Su et al. 2021) of each head, by angles computed once per batch.
// x [T, heads * head_dim] f32, angles [T, rotary_dims] f32 -> [T, heads * head_dim] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct RotaryParameters {
  int64_t heads;
  int64_t head_dim;
  int64_t rotary_dims;  // the first dimensions of a head; the others pass through
  bool interleaved;     // pairs (2i, 2i + 1); else (i, i + rotary_dims / 2)
};

extern const Op rotary;

}  // namespace adze::ops
