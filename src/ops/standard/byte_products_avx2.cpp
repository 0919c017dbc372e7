// Rows of bytes and floats on AVX2.
#include "ops/standard/byte_products_loops.h"

namespace adze::ops {

const ByteProducts kByteProductsAvx2 = kLoops;

}  // namespace adze::ops
