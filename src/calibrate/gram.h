// X^T X of activations, added up batch by batch: the Hessian of the squared error of a linear node.
#pragma once

#include "base/team.h"
#include "calibrate/gram_kernels.h"

namespace adze::calibrate {

/// Adds the sum over rows of x x^T to the lower triangle `triangle`, [columns * (columns + 1) / 2]. Every thread of the
/// team calls it. Sums do not depend on the number of threads.
void add_gram(const GramInput& input, float* triangle, const Team& team);

}  // namespace adze::calibrate
