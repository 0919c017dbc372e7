// Functions of rows of floats on AVX2.
#include "ops/standard/row_products_loops.h"

namespace adze::ops {

const RowProducts kRowProductsAvx2 = kLoops;

}  // namespace adze::ops
