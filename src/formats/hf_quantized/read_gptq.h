// GPTQ, as AutoGPTQ and GPTQModel write it: docs/formats/hf_quantized.md has the layout.
#pragma once

#include <vector>

#include "formats/hf_quantized/folder_quantization.h"
#include "model/tensor.h"

namespace adze::formats {

/// X.qweight, X.scales, X.qzeros and perhaps X.g_idx become X.weight. Modules whose inputs are in groups of any order
/// keep that order.
std::vector<model::Tensor> arrange_gptq(std::vector<model::Tensor> tensors, const FolderQuantization& quantization);

}  // namespace adze::formats
