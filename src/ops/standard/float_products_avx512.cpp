// Products of float matrices on AVX-512.
// clang-format off: the operations come first
#include "ops/lanes_avx512.h"
#include "ops/standard/float_products_lanes.h"
// clang-format on

namespace adze::ops {

const FloatProducts kFloatProductsAvx512 = {multiply_panel};

}  // namespace adze::ops
