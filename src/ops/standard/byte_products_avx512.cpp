// Rows of bytes and floats on AVX-512.
#include "ops/standard/byte_products_loops.h"

namespace adze::ops {

const ByteProducts kByteProductsAvx512 = kLoops;

}  // namespace adze::ops
