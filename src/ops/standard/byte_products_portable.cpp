// Rows of bytes and floats on any processor.
#include "ops/standard/byte_products_loops.h"

namespace adze::ops {

const ByteProducts kByteProductsPortable = kLoops;

}  // namespace adze::ops
