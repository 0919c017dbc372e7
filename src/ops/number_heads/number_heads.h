// 0, 1 … heads - 1 for every row: the choice with which expert_linear gives each head weights of its own.
// batch -> [T, heads] i32
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct NumberHeadsParameters {
  int64_t heads;
};

extern const Op number_heads;

}  // namespace adze::ops
