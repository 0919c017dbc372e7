// The rows of a table of positions: row t is table[position of t], zeros beyond its end.
// table [P, F] any storage, batch -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op gather_positions;

}  // namespace adze::ops
