// out = y + the sum of strength * scale * B (A x) over the adapters of each row: low-rank changes of the weight that y
// was multiplied with, chosen by each sequence of the batch. `adapters` are their numbers, `scales` their scales.
// y [T, out] f32, x [T, in] f32, batch, then of each adapter A [rank, in] f32 and B transposed [rank, out] f32
// -> [T, out] f32. With `rows` "logits", T are the rows whose logits are wanted.
#pragma once

#include "ops/op.h"

namespace adze::ops {

struct AdaptedRowsParameters {
  std::vector<int64_t> adapters;
  std::vector<double> scales;
  bool of_logits = false;
};

extern const Op adapted_rows;

}  // namespace adze::ops
