// Sums of bytes by integer factors on AVX2.
#include "ops/standard/fixed_point_products_loops.h"

namespace adze::ops {

const AddBytesFixed kAddBytesFixedAvx2 = add_fixed;

}  // namespace adze::ops
