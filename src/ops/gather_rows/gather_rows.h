// Embedding: out[t] = table[ids[t]], decoded to f32. An id outside the table gives a zero row.
// table [V, F] any storage, ids [T] i32 -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op gather_rows;

}  // namespace adze::ops
