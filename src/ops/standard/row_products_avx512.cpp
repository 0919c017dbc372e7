// Functions of rows of floats on AVX-512.
#include "ops/standard/row_products_loops.h"

namespace adze::ops {

const RowProducts kRowProductsAvx512 = kLoops;

}  // namespace adze::ops
