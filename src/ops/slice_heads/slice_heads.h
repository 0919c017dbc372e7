// Columns [begin, begin + count) of each head, as rows of their own: what each head multiplies with weights of its own.
// x [T, heads * width] f32 -> [T * heads, count] f32; row t * heads + h is of head h of row t
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct SliceHeadsParameters {
  int64_t heads;
  int64_t begin;
  int64_t count;
};

extern const Op slice_heads;

}  // namespace adze::ops
