// out = columns [begin, begin + count) of x: how products that share one weight are taken apart.
// x [T, F] f32 -> [T, count] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct SliceColumnsParameters {
  int64_t begin;
  int64_t count;
};

extern const Op slice_columns;

}  // namespace adze::ops
