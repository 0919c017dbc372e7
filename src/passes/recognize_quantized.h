#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// DequantizeLinear, op, QuantizeLinear becomes one op on integers: Conv, MatMul, Gemm, Add and GlobalAveragePool their
/// quantized forms (as ONNX and ONNX Runtime have them), and ops that only move numbers work on the codes. An
/// activation in between goes where the codes of the result keep its limits anyway. A bias must be stored in i32 with
/// the scale of the products. Sums are exact where floats rounded, so a result may differ by one step.
bool recognize_quantized(const PassContext& context);

}  // namespace adze::passes
