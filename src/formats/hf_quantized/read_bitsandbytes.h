// Weights of bitsandbytes: docs/formats/bitsandbytes.md.
#pragma once

#include <vector>

#include "formats/hf_quantized/folder_quantization.h"
#include "model/tensor.h"

namespace adze::formats {

/// Four bits: X.weight with X.weight.absmax, X.weight.quant_map and X.weight.quant_state.bitsandbytes__nf4 (or __fp4)
/// become X.weight; NF4 as it is packed, other levels as floats. Eight bits: X.weight with X.SCB does. Error(bad_input)
/// naming the array that is missing or does not fit.
std::vector<model::Tensor> arrange_bitsandbytes(std::vector<model::Tensor> tensors,
                                                const FolderQuantization& quantization);

}  // namespace adze::formats
