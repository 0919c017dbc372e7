// Products of float matrices on AVX2.
// clang-format off: the operations come first
#include "ops/lanes_avx2.h"
#include "ops/standard/float_products_lanes.h"
// clang-format on

namespace adze::ops {

const FloatProducts kFloatProductsAvx2 = {multiply_panel};

}  // namespace adze::ops
