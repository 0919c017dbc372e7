// Functions of floats, sixteen at a time, one table per ISA. Errors: those of lanes_math.h, a few units in the last
// place. Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

namespace adze::ops {

struct FloatFunctions {
  void (*sigmoid)(const float* x, int64_t count, float* out);
  void (*tanh)(const float* x, int64_t count, float* out);
  /// x * sigmoid(alpha * x)
  void (*swish)(const float* x, float alpha, int64_t count, float* out);
};

/// Of the processor, or what ADZE_FORCE_ISA pins; null where there is none.
const FloatFunctions* float_functions();

extern const FloatFunctions kFloatFunctionsAvx512;
extern const FloatFunctions kFloatFunctionsAvx2;
extern const FloatFunctions kFloatFunctionsNeon;

}  // namespace adze::ops
