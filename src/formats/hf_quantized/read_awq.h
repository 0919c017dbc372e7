// AWQ, as AutoAWQ's "gemm" arranges it: docs/formats/hf_quantized.md has the layout.
#pragma once

#include <vector>

#include "formats/hf_quantized/folder_quantization.h"
#include "model/tensor.h"

namespace adze::formats {

/// X.qweight, X.scales and X.qzeros become X.weight. Error(unsupported) where scales belong to an activation.
std::vector<model::Tensor> arrange_awq(std::vector<model::Tensor> tensors, const FolderQuantization& quantization);

}  // namespace adze::formats
