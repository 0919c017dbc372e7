// Functions of rows of floats on any processor.
#include "ops/standard/row_products_loops.h"

namespace adze::ops {

const RowProducts kRowProductsPortable = kLoops;

}  // namespace adze::ops
