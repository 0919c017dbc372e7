// Functions of floats on NEON.
// clang-format off: the operations come first
#include "ops/lanes_neon.h"
#include "ops/lanes_math.h"
#include "ops/standard/float_functions_lanes.h"
// clang-format on

namespace adze::ops {

const FloatFunctions kFloatFunctionsNeon = {sigmoid_row, tanh_row, swish_row};

}  // namespace adze::ops
