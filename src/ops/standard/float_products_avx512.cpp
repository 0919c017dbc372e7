// Products of float matrices on AVX-512.
// clang-format off: the operations come first
#include "ops/lanes_avx512.h"
#include "ops/standard/float_products_lanes.h"
#include "ops/standard/panel_fill_lanes.h"
#include "ops/standard/plane_filter_lanes.h"
// clang-format on

namespace adze::ops {

const FloatProducts kFloatProductsAvx512 = {multiply_panel, fill_panel, filter_plane};

}  // namespace adze::ops
