// Sums of bytes by integer factors on any processor.
#include "ops/standard/fixed_point_products_loops.h"

namespace adze::ops {

const AddBytesFixed kAddBytesFixedPortable = add_fixed;

}  // namespace adze::ops
