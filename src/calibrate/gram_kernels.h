// Sums of products of columns, one table per ISA. Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

namespace adze::calibrate {

/// Rows of floats, `stride` floats apart.
struct GramInput {
  const float* x;
  int64_t rows;
  int64_t columns;
  int64_t stride;
};

/// Adds sum over rows of x[i] * x[j] to row i, column j <= i of `triangle` (rows of a lower triangle, one behind the
/// other), for i in [first, last). Each sum is formed in the order of the rows.
using AddGramRows = void (*)(const GramInput& input, int64_t first, int64_t last, float* triangle);

extern const AddGramRows kAddGramRowsPortable;
extern const AddGramRows kAddGramRowsAvx2;
extern const AddGramRows kAddGramRowsAvx512;
extern const AddGramRows kAddGramRowsNeon;

}  // namespace adze::calibrate
