// Functions of floats on AVX-512.
// clang-format off: the operations come first
#include "ops/lanes_avx512.h"
#include "ops/lanes_math.h"
#include "ops/standard/float_functions_lanes.h"
// clang-format on

namespace adze::ops {

const FloatFunctions kFloatFunctionsAvx512 = {sigmoid_row, tanh_row, swish_row};

}  // namespace adze::ops
