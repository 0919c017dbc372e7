// Which of several texts a row belongs to, looked up: row t is table[type of t], zeros beyond its end.
// table [K, F] any storage, batch -> [T, F] f32
#pragma once

#include "ops/op.h"

namespace adze::ops {

extern const Op gather_token_types;

}  // namespace adze::ops
