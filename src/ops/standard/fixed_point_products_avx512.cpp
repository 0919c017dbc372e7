// Sums of bytes by integer factors on AVX-512.
#include "ops/standard/fixed_point_products_loops.h"

namespace adze::ops {

const AddBytesFixed kAddBytesFixedAvx512 = add_fixed;

}  // namespace adze::ops
