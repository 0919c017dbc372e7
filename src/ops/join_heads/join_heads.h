// What was made for each head, side by side: the inverse of slice_heads.
// a [T * heads, A] f32, b [T * heads, B] f32 (optional) -> [T, heads * (A + B)] f32; a head is its A, then its B
// numbers
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct JoinHeadsParameters {
  int64_t heads;
};

extern const Op join_heads;

}  // namespace adze::ops
